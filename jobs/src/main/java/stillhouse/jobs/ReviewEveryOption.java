package stillhouse.jobs;

import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.Split;
import stillhouse.predict.Reading;

/** Whether a run's student is held against the teacher while it trains. No weight depends on it. */
final class ReviewEveryOption {
  private static final int WORST = 24;

  @Option(
      names = "--review-every",
      paramLabel = "EPOCHS",
      defaultValue = "0",
      description =
          "hold student against teacher on the training images after every so many epochs, and after the last; 0: never (default: ${DEFAULT-VALUE})")
  private int every;

  @Option(
      names = "--review-reading",
      converter = ReadingConverter.class,
      defaultValue = "absolute",
      description = "when the two disagree, as review's --reading (default: ${DEFAULT-VALUE})")
  private Reading reading;

  @Option(
      names = "--review-threshold",
      defaultValue = "0.15",
      description = "of the reading (default: ${DEFAULT-VALUE})")
  private double threshold;

  /** 0: never. */
  int every() {
    if (every < 0) {
      throw new ConfigException("Invalid --review-every: " + every + " (must be >= 0)");
    }
    return every;
  }

  ReviewTerms terms() {
    return new ReviewTerms(Split.TRAIN.label(), reading, threshold, WORST);
  }
}
