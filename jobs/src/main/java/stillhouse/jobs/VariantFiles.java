package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.quantize.Activations;
import stillhouse.quantize.Calibration;
import stillhouse.quantize.HalfModel;
import stillhouse.quantize.QdqModel;
import stillhouse.quantize.QdqOptions;
import stillhouse.quantize.Sensitivity;
import stillhouse.quantize.Target;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/**
 * A run's files in other precisions, and the one that asks itself, made from its FP32 file.
 *
 * @param images where a variant takes any
 */
record VariantFiles(
    VariantOptions options,
    Optional<Int8Calibration> images,
    FusedPoints points,
    TrackingServer server) {
  private static final Logger log = LoggerFactory.getLogger(VariantFiles.class);

  private Int8Calibration calibration() {
    return images.orElseThrow(() -> new IllegalStateException("INT8 takes images"));
  }

  /** Writes what is asked for and notes it beside what was there of the same FP32 file. */
  void write(Path folder) throws IOException {
    RunRecord record = RunRecord.read(folder);
    byte[] model = Files.readAllBytes(OnnxFiles.require(folder));
    String of = Sha256.of(model).hex();
    Map<String, VariantNote> notes = new HashMap<>();
    VariantNote.read(folder).stream()
        .filter(note -> note.of().equals(of))
        .forEach(note -> notes.put(note.variant(), note));
    Activations activations =
        options.others().stream().anyMatch(Variant::calibrated)
            ? calibration().activations(model, record)
            : Activations.none();
    for (Variant variant : options.others()) {
      VariantNote note = write(variant, folder, record, model, activations);
      notes.put(variant.word(), note);
      say(record, note);
    }
    List<VariantNote> all = new ArrayList<>();
    for (Variant variant : Variant.values()) {
      if (notes.containsKey(variant.word())) {
        all.add(notes.get(variant.word()));
      } else if (variant != Variant.FP32) {
        Files.deleteIfExists(folder.resolve(variant.file())); // of other weights
      }
    }
    track(record, folder, VariantNote.write(folder, all), all);
  }

  private VariantNote write(
      Variant variant, Path folder, RunRecord record, byte[] model, Activations activations)
      throws IOException {
    return switch (variant) {
      case FP32 -> throw new IllegalArgumentException("FP32 is what the others are made from");
      case FP16 -> note(variant, folder, model, HalfModel.of(model), Found.NONE);
      case INT8_WEIGHT_ONLY ->
          note(
              variant,
              folder,
              model,
              QdqModel.of(
                  model,
                  activations,
                  new QdqOptions(Target.WEIGHTS, Calibration.MIN_MAX, Set.of())),
              Found.NONE);
      case INT8 -> int8(variant, Target.TENSORRT, folder, record, model, activations);
      case INT8_CPU -> int8(variant, Target.CPU, folder, record, model, activations);
      case POINTS ->
          note(variant, folder, model, points.of(folder, record, options.points()), Found.NONE);
    };
  }

  private VariantNote int8(
      Variant variant,
      Target target,
      Path folder,
      RunRecord record,
      byte[] model,
      Activations activations)
      throws IOException {
    Calibration by = options.calibration();
    Found found;
    if (options.measures()) {
      Sensitivity.Choice choice =
          Sensitivity.of(
              model, activations, target, by, calibration().few(record), options.limit());
      found =
          new Found(choice.whole(), choice.left(), choice.inFloat(), choice.layers(), by.word());
    } else {
      requireNodes(model);
      found = new Found(null, null, options.inFloat(), List.of(), by.word());
    }
    byte[] file = QdqModel.of(model, activations, new QdqOptions(target, by, found.inFloat()));
    return note(variant, folder, model, file, found);
  }

  private void requireNodes(byte[] model) {
    List<String> there = QdqModel.products(model);
    Set<String> unknown = new TreeSet<>(options.inFloat());
    unknown.removeAll(Set.copyOf(there));
    if (!unknown.isEmpty()) {
      throw new ConfigException(
          "Invalid --int8-float: %s (must be among %s)".formatted(unknown, there));
    }
  }

  private record Found(
      Double whole,
      Double left,
      Set<String> inFloat,
      List<Sensitivity.Layer> layers,
      String calibration) {
    static final Found NONE = new Found(null, null, Set.of(), List.of(), "");
  }

  private VariantNote note(Variant variant, Path folder, byte[] model, byte[] bytes, Found found)
      throws IOException {
    Path file = folder.resolve(variant.file());
    Path whole = folder.resolve("unchecked-" + variant.file());
    Files.write(whole, bytes);
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return new VariantNote(
        variant.word(),
        variant.file(),
        bytes.length,
        Sha256.of(bytes).hex(),
        Sha256.of(model).hex(),
        found.calibration(),
        variant.calibrated() ? calibration().drawn().strata() : Map.of(),
        found.whole(),
        found.left(),
        found.inFloat().stream().sorted().toList(),
        found.layers());
  }

  private static void say(RunRecord record, VariantNote note) {
    log.info("Exported {} as {}: {} bytes", record.name(), note.file(), note.bytes());
    if (note.allInt8() != null) {
      log.info(
          String.format(
              Locale.ROOT,
              "%s: logits differ by %.4f of their deviation with every layer in INT8, by %.4f as it is; in float: %s",
              note.file(),
              note.allInt8(),
              note.difference(),
              note.inFloat().isEmpty() ? "none" : note.inFloat()));
    }
  }

  private void track(RunRecord record, Path folder, Path notes, List<VariantNote> all) {
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      run.artifact(notes, "onnx");
      Map<String, Double> metrics = new HashMap<>();
      for (VariantNote note : all) {
        run.artifact(folder.resolve(note.file()), "onnx");
        String name = "model/" + note.variant().replace('-', '_');
        metrics.put(name + "_bytes", (double) note.bytes());
        if (note.difference() != null) {
          metrics.put(name + "_difference", note.difference());
        }
      }
      run.metrics(metrics, record.steps());
    }
  }
}
