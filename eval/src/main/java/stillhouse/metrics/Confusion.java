package stillhouse.metrics;

import java.util.List;
import java.util.OptionalDouble;

/**
 * How many pixels of each class are said to be of which, over many images. Class 0 is the
 * background. Exact: sums of {@link ConfusionCounter}'s integers. Immutable.
 */
public final class Confusion {
  private final int classes;
  private final long[] cells; // [actual 0…K][predicted 0…K]

  private Confusion(int classes, long[] cells) {
    this.classes = classes;
    this.cells = cells;
  }

  /**
   * @param classes K
   * @param cells each pair of classes as often as one likes; what is not there has no pixels
   */
  public static Confusion of(int classes, List<ConfusionCounter.Cell> cells) {
    long[] sums = new long[(CountLayout.checkClasses(classes) + 1) * (classes + 1)];
    for (ConfusionCounter.Cell cell : cells) {
      int actual = CountLayout.checkClass(cell.actual(), classes);
      sums[actual * (classes + 1) + CountLayout.checkClass(cell.predicted(), classes)] +=
          cell.pixels();
    }
    return new Confusion(classes, sums);
  }

  /** K, beside the background. */
  public int classes() {
    return classes;
  }

  /**
   * @param actual the class that pixels are of, 0…K
   * @param predicted what they are said to be
   */
  public long pixels(int actual, int predicted) {
    return cells[
        CountLayout.checkClass(actual, classes) * (classes + 1)
            + CountLayout.checkClass(predicted, classes)];
  }

  /** Pixels of a class, whatever they are said to be. */
  public long actual(int classId) {
    long sum = 0;
    for (int predicted = 0; predicted <= classes; predicted++) {
      sum += pixels(classId, predicted);
    }
    return sum;
  }

  /** The share of a class's pixels that are said to be of another; empty where it has none. */
  public OptionalDouble share(int actual, int predicted) {
    long all = actual(actual);
    return all == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of((double) pixels(actual, predicted) / all);
  }
}
