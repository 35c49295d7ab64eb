package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stillhouse.canary.Canary;
import stillhouse.canary.Check;
import stillhouse.canary.Verdict;

/**
 * What the canary found of a file of another precision. Kept as {@code canary.json} beside its
 * score.
 *
 * @param model SHA-256 of the file
 * @param of SHA-256 of the FP32 file that it was held against
 * @param split that both are scored on
 * @param samples digest of the images that both are scored on
 * @param terms limits, and how many images it looked at
 */
record CanaryReport(
    String model, String of, String split, String samples, String terms, List<Check> checks) {
  static final String FILE = "canary.json";

  CanaryReport {
    checks = List.copyOf(checks);
  }

  Verdict verdict() {
    return new Verdict(checks);
  }

  /** What was found, by name. */
  Map<String, Double> values() {
    Map<String, Double> values = new LinkedHashMap<>();
    checks.forEach(check -> values.putAll(check.values()));
    return values;
  }

  /** Whether it is of a file as it is scored now, beside that FP32 file. */
  boolean isOf(Score variant, String fp32) {
    return isOf(variant.model(), fp32, variant.split(), variant.samples());
  }

  /** Whether it is of a file as it is, which has no score, beside that score of its FP32 file. */
  boolean isOfUnscored(String file, Score fp32) {
    return verdict().failed().stream().anyMatch(check -> check.name().equals(Canary.FINITE))
        && isOf(file, fp32.model(), fp32.split(), fp32.samples());
  }

  private boolean isOf(String file, String fp32, String onSplit, String onSamples) {
    return model.equals(file)
        && of.equals(fp32)
        && split.equals(onSplit)
        && samples.equals(onSamples);
  }

  /**
   * @param folder of the variant's score
   */
  static Optional<CanaryReport> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    return Optional.of(
        JsonFiles.read(
            file,
            "Remove it and evaluate again.",
            f -> JsonFiles.JSON.readValue(f, CanaryReport.class)));
  }

  void write(Path folder) {
    JsonFiles.write(folder.resolve(FILE), this);
  }
}
