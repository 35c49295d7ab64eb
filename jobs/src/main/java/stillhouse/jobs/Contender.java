package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

/**
 * A run that may be champion: its file, and the score of exactly that file.
 *
 * @param digest SHA-256 of the file
 */
record Contender(RunRecord record, Score score, Path onnx, String digest) {
  /**
   * @param folder of the run
   * @throws ConfigException where the run has no file, or no score of it on the split
   */
  static Contender of(Path folder, String split, RootOption root, Configuration hadoop) {
    RunRecord record = RunRecord.read(folder);
    Path onnx = OnnxFiles.require(folder);
    String digest = Sha256.ofFile(onnx).hex();
    Score score =
        Score.read(folder, split)
            .orElseThrow(() -> unscored(record, "it has no score on split " + split, root, split));
    Optional<String> outdated = score.outdated(digest, score.samples(), root, hadoop);
    if (outdated.isPresent()) {
      throw unscored(record, outdated.get(), root, split);
    }
    return new Contender(record, score, onnx, digest);
  }

  /** The one that a promotion was of, with the file that was promoted. */
  static Contender champion(
      String run, String digest, String split, RootOption root, Configuration hadoop) {
    Path folder = root.runs().resolve(run);
    if (!Files.isRegularFile(folder.resolve(RunRecord.FILE))) {
      throw new ConfigException(
          "Cannot promote over champion "
              + run
              + ": its run is gone from "
              + root.runs()
              + ", so that its score can't be compared. Bring its folder back, or give --no-champion to promote without the comparison");
    }
    Contender champion = of(folder, split, root, hadoop);
    if (!champion.digest().equals(digest)) {
      throw new ConfigException(
          "Cannot promote over champion %s: its %s was exported anew since (SHA-256 %s, promoted was %s). Bring the promoted file back (the run's artifacts in MLflow have it), or give --no-champion to promote without the comparison"
              .formatted(run, RunRecord.ONNX, champion.digest(), digest));
    }
    return champion;
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
                  evaluate(root, champion.name() + "," + name(), score.split())));
    }
  }

  String name() {
    return record.name();
  }

  EvaluatedRun evaluated() {
    return EvaluatedRun.of(score, record);
  }

  /** What the registry says of it. */
  Map<String, String> tags() {
    return Map.of(
        "run", name(),
        "recipe", record.recipe(),
        "student", record.student(),
        "dataset", record.dataset(),
        "seed", String.valueOf(record.seed()),
        "cache_version", record.viewDigest(),
        "weights", record.weightsDigest());
  }

  private static ConfigException unscored(
      RunRecord record, String why, RootOption root, String split) {
    return new ConfigException(
        "Cannot promote run %s: %s. Run: %s"
            .formatted(record.name(), why, evaluate(root, record.name(), split)));
  }

  private static String evaluate(RootOption root, String runs, String split) {
    return "bin/stillhouse evaluate --data FILE --root %s --run %s --split %s"
        .formatted(root.uri().replaceFirst("^file:", ""), runs, split);
  }
}
