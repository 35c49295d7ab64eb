package stillhouse.data;

import java.util.Arrays;

/** Coordinates as they are read, x and y in turn. */
final class Points {
  /** Numbers of one shape: a million points, more than a pixel's worth of any outline. */
  static final int MOST = 1 << 21;

  // 16 million: past any image, and its fifths are still an int.
  private static final double FARTHEST = 1 << 24;

  private double[] values = new double[16];
  private int used;

  /**
   * @throws UnreadableImageException where it is no place in or near a picture, or there are too
   *     many
   */
  void add(double value) {
    if (!(Math.abs(value) <= FARTHEST)) {
      throw new UnreadableImageException(
          "mask-shape", "a coordinate is " + value + " (must be within ±" + (long) FARTHEST + ")");
    }
    if (used == MOST) {
      throw new UnreadableImageException(
          "mask-shape", "a shape has more than " + MOST / 2 + " points; thin them out");
    }
    if (used == values.length) {
      values = Arrays.copyOf(values, 2 * used);
    }
    values[used++] = value;
  }

  int count() {
    return used;
  }

  double[] toArray() {
    return Arrays.copyOf(values, used);
  }
}
