package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

/**
 * One file of a run that is scored.
 *
 * @param folder the run's
 */
record ScoredFile(Path folder, Variant variant) {
  /**
   * The file of a precision.
   *
   * @throws ConfigException where the run has none
   */
  static ScoredFile of(Path folder, Variant variant) {
    var file = new ScoredFile(folder, variant);
    if (variant != Variant.FP32 && !others(folder).contains(file)) {
      throw new ConfigException(
          "No file of precision %s in %s. Run the export job with --variants %s first."
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

  /** The run's name, and behind a dot which precision; nothing for FP32. */
  String name(String run) {
    return variant == Variant.FP32 ? run : run + "." + variant.word();
  }

  /** What its metrics' names end with. */
  String suffix() {
    return variant == Variant.FP32 ? "" : "_" + variant.word().replace('-', '_');
  }

  /** Where its score lies. */
  Path scores() {
    return variant == Variant.FP32 ? folder : folder.resolve("variants").resolve(variant.word());
  }
}
