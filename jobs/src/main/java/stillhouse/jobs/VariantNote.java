package stillhouse.jobs;

import com.fasterxml.jackson.core.type.TypeReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import stillhouse.quantize.Sensitivity;

/**
 * A file of another precision as it was made, kept with the others' in {@code variants.json}.
 *
 * @param of SHA-256 of the FP32 file that it was made from
 * @param calibration how ranges were found; empty where none were
 * @param images that they were measured on, by stratum
 * @param allInt8 how far logits differ from FP32's with every layer rounded, as a share of their
 *     deviation; null where it was not measured
 * @param difference the same of the file as it is
 * @param inFloat nodes that stayed in float
 * @param layers what each layer costs alone, the worst first; empty where none had to stay
 */
record VariantNote(
    String variant,
    String file,
    long bytes,
    String sha256,
    String of,
    String calibration,
    Map<String, Long> images,
    Double allInt8,
    Double difference,
    List<String> inFloat,
    List<Sensitivity.Layer> layers) {
  private static final String FILE = "variants.json";

  static List<VariantNote> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return List.of();
    }
    return JsonFiles.read(
        file,
        "Remove it and export again.",
        f -> JsonFiles.JSON.readValue(f, new TypeReference<List<VariantNote>>() {}));
  }

  static Path write(Path folder, List<VariantNote> notes) {
    Path file = folder.resolve(FILE);
    JsonFiles.write(file, notes);
    return file;
  }
}
