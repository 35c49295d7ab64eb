package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.identity.Sha256;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSource;

/**
 * One file of a run that is scored.
 *
 * @param folder the run's
 */
record ScoredFile(Path folder, Variant variant) implements Scored {
  /**
   * The file of a precision.
   *
   * @throws ConfigException where the run has none
   */
  static ScoredFile of(Path folder, Variant variant) {
    var file = new ScoredFile(folder, variant);
    if (variant != Variant.FP32 && !others(folder).contains(file)) {
      throw new ConfigException(
          "No file of variant %s in %s. Run the export job with --variants %s first."
              .formatted(variant.word(), folder, variant.word()));
    }
    return file;
  }

  /** Files of other precisions that were made from the run's FP32 file as it is. */
  static List<ScoredFile> others(Path folder) {
    List<VariantNote> notes = VariantNote.read(folder);
    if (notes.isEmpty()) {
      return List.of();
    }
    String fp32 = Sha256.ofFile(OnnxFiles.require(folder)).hex();
    List<ScoredFile> files = new ArrayList<>();
    for (VariantNote note : notes) {
      Variant variant = Variant.of(note.variant()).orElseThrow();
      if (!note.of().equals(fp32)) {
        throw new ConfigException(
            "Cannot use %s of %s: it was made from another FP32 file than the one that is there. Export it again with --variants %s, or remove variants.json."
                .formatted(note.file(), folder, note.variant()));
      }
      if (Files.isRegularFile(folder.resolve(note.file()))) {
        files.add(new ScoredFile(folder, variant));
      }
    }
    return files;
  }

  Path require() {
    return variant == Variant.FP32 ? OnnxFiles.require(folder) : folder.resolve(variant.file());
  }

  /**
   * Looks into the file before executors have it.
   *
   * @throws ConfigException where it can't be run, or is of other classes than the data set
   */
  void requireFits(OnnxSource source, DatasetConfig dataset, RootOption root) {
    try (OnnxSegmenter segmenter = source.open()) {
      if (!segmenter.classNames().equals(dataset.classes())) {
        throw new ConfigException(
            "Cannot evaluate %s: it was trained on classes %s, data set %s has %s. Give the data set that it was trained on (--data), or other runs (--run)."
                .formatted(require(), segmenter.classNames(), dataset.name(), dataset.classes()));
      }
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "Cannot evaluate %s: %s. Bring the whole file back, or write it again: bin/stillhouse export --root %s --run %s %s"
              .formatted(
                  name(folder.getFileName().toString()),
                  e.getMessage(),
                  root.uri().replaceFirst("^file:", ""),
                  folder.getFileName(),
                  variant == Variant.FP32 ? "--force" : "--variants " + variant.word()),
          e);
    }
  }

  /** The run's name, and behind a dot which precision; nothing for FP32. */
  @Override
  public String name(String run) {
    return variant == Variant.FP32 ? run : run + "." + variant.word();
  }

  /** What its metrics' names end with. */
  @Override
  public String suffix() {
    return variant.suffix();
  }

  /** Where its score lies. */
  @Override
  public Path scores() {
    return variant.scores(folder);
  }

  @Override
  public OnnxSource source() {
    return OnnxSource.of(require(), 1);
  }

  /** Where its TensorRT engine lies. */
  Path engine() {
    return variant.engine(folder);
  }
}
