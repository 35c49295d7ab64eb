package stillhouse.train;

import java.io.Serializable;
import java.util.Comparator;

/**
 * The next step to take.
 *
 * @param epoch counted from 0; equal to the plan's epochs when a run is over
 * @param step within the epoch, counted from 0
 */
public record Position(int epoch, int step) implements Comparable<Position>, Serializable {
  private static final long serialVersionUID = 1L;

  /** Where a run begins. */
  public static final Position START = new Position(0, 0);

  public Position {
    if (epoch < 0 || step < 0) {
      throw new IllegalArgumentException(
          "Invalid position: epoch " + epoch + ", step " + step + " (both must be >= 0)");
    }
  }

  /** The position after this one's step, in epochs of {@code stepsPerEpoch}. */
  Position next(int stepsPerEpoch) {
    return step + 1 < stepsPerEpoch ? new Position(epoch, step + 1) : new Position(epoch + 1, 0);
  }

  /** Steps taken before this position. */
  long globalStep(int stepsPerEpoch) {
    return (long) epoch * stepsPerEpoch + step;
  }

  @Override
  public int compareTo(Position other) {
    return Comparator.comparingInt(Position::epoch)
        .thenComparingInt(Position::step)
        .compare(this, other);
  }

  @Override
  public String toString() {
    return "epoch " + epoch + ", step " + step;
  }
}
