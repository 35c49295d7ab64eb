package stillhouse.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.tensorrt.NetworkFile;

/** Which files engines are built of, and where to. */
final class EngineFiles {
  /** Of the precisions that export writes those that are for TensorRT. */
  private static final List<Variant> FOR_TENSORRT =
      Arrays.stream(Variant.values()).filter(Variant::forTensorRt).toList();

  @Option(
      names = "--onnx",
      split = ",",
      paramLabel = "FILE",
      description = "ONNX files of one image input, as export writes them")
  private List<Path> onnx = List.of();

  @Option(
      names = "--run",
      split = ",",
      paramLabel = "NAME",
      description = "runs of the workspace; without --root their folders")
  private List<String> runs = List.of();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "the workspace, on this machine: runs are looked for in DIR/runs")
  private Path root;

  @Option(
      names = "--variant",
      split = ",",
      paramLabel = "NAME",
      description =
          "which files of a run: fp32, fp16, int8, points (default: all of these that were exported)")
  private List<String> variants = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "where the engine goes, or a folder for each where there are several (default: beside the file; of a run where"
              + " evaluate looks for it)")
  private Path out;

  @Option(
      names = "--mlflow-run",
      paramLabel = "ID",
      description =
          "the MLflow run that is told of --onnx files (a run of the workspace has its own)")
  private String mlflowRun;

  List<EngineTask> tasks() {
    if (onnx.isEmpty() && runs.isEmpty()) {
      throw new ConfigException("Nothing to build of: give --onnx FILE or --run NAME --root DIR");
    }
    List<Variant> chosen = variants.stream().map(EngineFiles::variant).toList();
    boolean one = onnx.size() == 1 && runs.isEmpty();
    List<EngineTask> tasks = new ArrayList<>();
    for (Path file : onnx) {
      NetworkFile network = network(file);
      String stem = file.getFileName().toString().replaceFirst("\\.onnx$", "");
      Path beside = file.toAbsolutePath().resolveSibling(stem + ".tensorrt");
      Path folder = out == null ? beside : one ? out : out.resolve(stem);
      tasks.add(
          new EngineTask(network, folder, network.precision(), Optional.ofNullable(mlflowRun)));
    }
    for (String run : runs) {
      tasks.addAll(ofRun(root == null ? Path.of(run) : root.resolve("runs").resolve(run), chosen));
    }
    requireApart(tasks);
    return tasks;
  }

  /** Two engines in one folder would be one. */
  private static void requireApart(List<EngineTask> tasks) {
    Set<Path> folders = new HashSet<>();
    for (EngineTask task : tasks) {
      if (!folders.add(task.out().toAbsolutePath().normalize())) {
        throw new ConfigException(
            "Two engines would go to %s: give files of other names, or --out for each alone"
                .formatted(task.out()));
      }
    }
  }

  private static Variant variant(String word) {
    return Variant.of(word)
        .filter(FOR_TENSORRT::contains)
        .orElseThrow(
            () ->
                new ConfigException(
                    "Invalid --variant: %s (must be among %s: the others are not for TensorRT)"
                        .formatted(word, FOR_TENSORRT.stream().map(Variant::word).toList())));
  }

  private List<EngineTask> ofRun(Path run, List<Variant> chosen) {
    Optional<String> mlflow = mlflowRun(run);
    List<Variant> wanted =
        chosen.isEmpty()
            ? FOR_TENSORRT.stream().filter(v -> Files.isRegularFile(run.resolve(v.file()))).toList()
            : chosen;
    if (wanted.isEmpty()) {
      throw new ConfigException("No ONNX file in " + run + ". Run the export job first.");
    }
    List<EngineTask> tasks = new ArrayList<>();
    for (Variant variant : wanted) {
      Path file = run.resolve(variant.file());
      if (!Files.isRegularFile(file)) {
        throw new ConfigException(
            "No file of variant %s in %s. Run the export job with --variants %s first."
                .formatted(variant.word(), run, variant.word()));
      }
      NetworkFile network = network(file);
      Path folder =
          out == null
              ? variant.engine(run)
              : out.resolve(run.getFileName()).resolve(variant.word());
      tasks.add(new EngineTask(network, folder, variant.word(), mlflow));
    }
    return tasks;
  }

  private static NetworkFile network(Path file) {
    try {
      return NetworkFile.of(file);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }

  /** From the run's record, read as far as it is needed here. */
  private static Optional<String> mlflowRun(Path run) {
    Path file = run.resolve(RunRecord.FILE);
    if (!Files.isRegularFile(file)) {
      throw new ConfigException("No trained run in " + run + ": " + RunRecord.FILE + " is missing");
    }
    try {
      JsonNode record = JsonFiles.JSON.readTree(file.toFile());
      return Optional.of(record.path("mlflowRun").asText()).filter(id -> !id.isBlank());
    } catch (IOException e) {
      throw new ConfigException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
