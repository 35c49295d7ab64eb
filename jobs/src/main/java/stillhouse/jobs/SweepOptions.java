package stillhouse.jobs;

import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the command line may say of a sweep's trainings, beside the sweep's file. */
final class SweepOptions {
  @Option(
      names = "--ranks",
      paramLabel = "N",
      description = "executors that train a run together, in place of the file's")
  private Optional<Integer> ranks = Optional.empty();

  @Option(
      names = "--partial",
      description = "train on what is cached, where the cache job has not reached every image yet")
  private boolean partial;

  @Option(
      names = "--verdicts",
      description =
          "let what reviewers said of training images change their weights in every run, as train --verdicts; the file's verdicts: true says the same")
  private boolean verdicts;

  @Mixin private final ReviewEveryOption review = new ReviewEveryOption();

  int ranks(int ofFile) {
    return ranks.orElse(ofFile);
  }

  boolean partial() {
    return partial;
  }

  boolean verdicts() {
    return verdicts;
  }

  ReviewEveryOption review() {
    return review;
  }
}
