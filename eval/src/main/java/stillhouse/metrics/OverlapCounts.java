package stillhouse.metrics;

import java.io.Serializable;
import java.util.OptionalDouble;

/**
 * How two pixel sets overlap: pixels in both, in the prediction, in the truth. Sums of these over
 * images are exact.
 */
public record OverlapCounts(long intersection, long predicted, long actual)
    implements Serializable {
  public OverlapCounts {
    if (intersection < 0 || intersection > Math.min(predicted, actual)) {
      throw new IllegalArgumentException(
          "Invalid counts: intersection %d of %d predicted and %d actual pixels"
              .formatted(intersection, predicted, actual));
    }
  }

  public long union() {
    return predicted + actual - intersection;
  }

  /** |P ∩ T| / |P ∪ T|; empty where both sets are. */
  public OptionalDouble iou() {
    return ratio(intersection, union());
  }

  /** 2 |P ∩ T| / (|P| + |T|); empty where both sets are. */
  public OptionalDouble dice() {
    return ratio(2 * intersection, predicted + actual);
  }

  public OverlapCounts plus(OverlapCounts other) {
    return new OverlapCounts(
        intersection + other.intersection, predicted + other.predicted, actual + other.actual);
  }

  private static OptionalDouble ratio(long part, long whole) {
    return whole == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) part / whole);
  }
}
