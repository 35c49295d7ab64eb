package stillhouse.jobs;

import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.Split;
import stillhouse.predict.Reading;
import stillhouse.train.ReviewSettings;

/**
 * Whether a run's student is held against the teacher while it trains, in place of what its recipe
 * says. No weight depends on it.
 */
final class ReviewEveryOption {
  private static final int WORST = 24;

  @Option(
      names = "--review-every",
      paramLabel = "EPOCHS",
      description =
          "hold student against teacher on the training images after every so many epochs, and after the last, in place of the recipe's training.review.everyEpochs; 0: never")
  private Integer every;

  @Option(
      names = "--review-reading",
      paramLabel = "NAME",
      converter = ReadingConverter.class,
      description =
          "when the two disagree, as review's --reading, in place of the recipe's (which is absolute where it names none)")
  private Reading reading;

  @Option(
      names = "--review-threshold",
      paramLabel = "F",
      description = "of the reading, in place of the recipe's (which is 0.15 where it names none)")
  private Double threshold;

  /** These in place of a recipe's own. */
  Optional<ReviewSettings> over(Optional<ReviewSettings> own) {
    if (every != null && every < 0) {
      throw new ConfigException("Invalid --review-every: " + every + " (must be >= 0)");
    }
    if (threshold != null && !(threshold > 0 && threshold < 1)) {
      throw new ConfigException(
          "Invalid --review-threshold: " + threshold + " (must be > 0 and < 1)");
    }
    if (every == null && own.isEmpty()) {
      requireNone("--review-reading", reading == null ? null : reading.word());
      requireNone("--review-threshold", threshold);
      return Optional.empty();
    }
    return every != null && every == 0 ? Optional.empty() : Optional.of(merged(own));
  }

  private ReviewSettings merged(Optional<ReviewSettings> own) {
    return new ReviewSettings(
        Objects.requireNonNullElseGet(every, () -> own.orElseThrow().everyEpochs()),
        reading == null ? own.map(ReviewSettings::reading).orElse(null) : reading.word(),
        threshold == null ? own.map(ReviewSettings::threshold).orElse(null) : threshold);
  }

  private static void requireNone(String option, Object value) {
    if (value != null) {
      throw new ConfigException(
          "Invalid %s: %s (must be beside --review-every, or a recipe with training.review)"
              .formatted(option, value));
    }
  }

  static ReviewTerms terms(ReviewSettings settings) {
    return new ReviewTerms(
        Split.TRAIN.label(),
        Reading.of(settings.reading()).orElseThrow(),
        settings.threshold(),
        WORST);
  }
}
