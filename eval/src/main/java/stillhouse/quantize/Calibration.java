package stillhouse.quantize;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How an activation's range follows from the values that it has on the calibration images. */
public enum Calibration {
  /** All of them. */
  MIN_MAX("min-max"),
  /** All but one in ten thousand, by magnitude. */
  PERCENTILE("percentile"),
  /** As much as loses the least information: {@link Entropy}. */
  ENTROPY("entropy");

  private static final double SHARE = 0.9999;

  private final String word;

  Calibration(String word) {
    this.word = word;
  }

  /** As it stands on the command line. */
  public String word() {
    return word;
  }

  public static List<String> words() {
    return Arrays.stream(values()).map(Calibration::word).toList();
  }

  public static Optional<Calibration> of(String word) {
    return Arrays.stream(values()).filter(c -> c.word.equals(word)).findFirst();
  }

  ValueRange range(Magnitudes values) {
    float limit =
        switch (this) {
          case MIN_MAX -> values.peak();
          case PERCENTILE -> values.percentile(SHARE);
          case ENTROPY -> values.entropy();
        };
    return new ValueRange(Math.max(values.min(), -limit), Math.min(values.max(), limit));
  }
}
