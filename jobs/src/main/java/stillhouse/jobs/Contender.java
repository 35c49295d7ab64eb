package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import stillhouse.cache.Promotion;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.predict.OnnxSignature;

/**
 * A run's file that may be champion, and the score of exactly that file.
 *
 * @param digest SHA-256 of the file
 */
record Contender(RunRecord record, ScoredFile file, Score score, String digest) {
  /**
   * @param folder of the run
   * @throws ConfigException where the run has no such file, or no score of it on the split
   */
  static Contender of(
      Path folder, Variant variant, String split, RootOption root, Configuration hadoop) {
    RunRecord record = RunRecord.read(folder);
    OnnxFiles.require(folder);
    ScoredFile file = ScoredFile.of(folder, variant);
    String digest = Sha256.ofFile(file.require()).hex();
    Score score =
        Score.read(file.scores(), split)
            .orElseThrow(
                () -> unscored(file, record, "it has no score on split " + split, root, split));
    Optional<String> outdated = score.outdated(digest, score.samples(), root, hadoop);
    if (outdated.isPresent()) {
      throw unscored(file, record, outdated.get(), root, split);
    }
    return new Contender(record, file, score, digest);
  }

  /** What the canary found of a file that has no score on the split, since it says no number. */
  static Optional<CanaryReport> broken(Path folder, Variant variant, String split) {
    if (variant == Variant.FP32) {
      return Optional.empty();
    }
    RunRecord.read(folder);
    OnnxFiles.require(folder);
    ScoredFile file = ScoredFile.of(folder, variant);
    Optional<Score> fp32 = Score.read(folder, split);
    if (fp32.isEmpty() || Score.read(file.scores(), split).isPresent()) {
      return Optional.empty();
    }
    String digest = Sha256.ofFile(file.require()).hex();
    return CanaryReport.read(file.scores()).filter(r -> r.isOfUnscored(digest, fp32.get()));
  }

  /** The one that a promotion was of, with the file that was promoted. */
  static Contender champion(Promotion before, String split, RootOption root, Configuration hadoop) {
    Path folder = root.runs().resolve(before.run());
    if (!Files.isRegularFile(folder.resolve(RunRecord.FILE))) {
      throw new ConfigException(
          "Cannot promote over champion "
              + before.name()
              + ": its run is gone from "
              + root.runs()
              + ", so that its score can't be compared. Bring its folder back, or give --no-champion to promote without the comparison");
    }
    Contender champion = of(folder, variant(before), split, root, hadoop);
    if (!champion.digest().equals(before.onnxSha256())) {
      throw new ConfigException(
          "Cannot promote over champion %s: its %s was exported anew since (SHA-256 %s, promoted was %s). Bring the promoted file back (the run's artifacts in MLflow have it), or give --no-champion to promote without the comparison"
              .formatted(
                  before.name(),
                  champion.file().variant().file(),
                  champion.digest(),
                  before.onnxSha256()));
    }
    return champion;
  }

  private static Variant variant(Promotion before) {
    return Variant.of(before.variant())
        .orElseThrow(
            () ->
                new ConfigException(
                    "Cannot promote over champion %s: this version of Stillhouse knows no precision %s (only %s). Use the version that promoted it, or give --no-champion to promote without the comparison"
                        .formatted(before.name(), before.variant(), Variant.words())));
  }

  /**
   * What the canary found of it; empty of FP32, which is what the others are held against.
   *
   * @throws ConfigException where the canary did not look at this file, beside this FP32 file, on
   *     these images
   */
  Optional<CanaryReport> canary(RootOption root) {
    if (file.variant() == Variant.FP32) {
      return Optional.empty();
    }
    String fp32 = Sha256.ofFile(OnnxFiles.require(file.folder())).hex();
    Optional<CanaryReport> report =
        CanaryReport.read(file.scores()).filter(r -> r.isOf(score, fp32));
    if (report.isEmpty()) {
      throw unscored(
          file, record, "no canary has looked at this file on these images", root, score.split());
    }
    return report;
  }

  /**
   * @throws ConfigException where the other was scored on other images
   */
  void requireSameImages(Contender champion, RootOption root) {
    if (!score.samples().equals(champion.score().samples())) {
      throw new ConfigException(
          "Cannot compare run %s with champion %s: they were scored on different images of split %s (%s, %s). Run: %s"
              .formatted(
                  name(),
                  champion.name(),
                  score.split(),
                  score.samples(),
                  champion.score().samples(),
                  evaluate(root, champion.record().name() + "," + record.name(), score.split())));
    }
  }

  /** As evaluations name it. */
  String name() {
    return file.name(record.name());
  }

  EvaluatedRun evaluated() {
    return EvaluatedRun.of(score, record);
  }

  /** What the registry says of it. */
  Map<String, String> tags() {
    return Map.of(
        "run", record.name(),
        "precision", file.variant().word(),
        "opset", String.valueOf(OnnxSignature.opset(file.require())),
        "recipe", record.recipe(),
        "student", record.student(),
        "dataset", record.dataset(),
        "seed", String.valueOf(record.seed()),
        "cache_version", record.viewDigest(),
        "weights", record.weightsDigest());
  }

  private static ConfigException unscored(
      ScoredFile file, RunRecord record, String why, RootOption root, String split) {
    return new ConfigException(
        "Cannot promote run %s: %s. Run: %s"
            .formatted(file.name(record.name()), why, evaluate(root, record.name(), split)));
  }

  private static String evaluate(RootOption root, String runs, String split) {
    return "bin/stillhouse evaluate --data FILE --root %s --run %s --split %s"
        .formatted(root.uri().replaceFirst("^file:", ""), runs, split);
  }
}
