package stillhouse.metrics;

import java.util.Arrays;
import stillhouse.data.ClassMask;
import stillhouse.data.Tile;

/**
 * Counts one prediction against its truth, image after image, in buffers that it reuses. Time is
 * linear in pixels, whatever the number of classes and the thickness d. Not thread-safe: one a
 * thread.
 *
 * <p>Ignored pixels are cleared from both masks before the edges are found: the border of an
 * ignored area is an edge of both, and two masks that agree on every counted pixel score 1.
 *
 * <p>Of a tile only a rectangle may be counted. Edges are found in the whole tile all the same: the
 * rectangle's border is none.
 */
public final class MaskCounter {
  private final int classes;
  private byte[] predictedLabels = new byte[0];
  private byte[] actualLabels = new byte[0];
  private short[] predictedDistance = new short[0];
  private short[] actualDistance = new short[0];

  /**
   * @param classes K, the foreground classes; a mask may hold 0…K and the ignore label
   */
  public MaskCounter(int classes) {
    this.classes = CountLayout.checkClasses(classes);
  }

  /**
   * @throws IllegalArgumentException where the sizes differ or a label is neither a class nor the
   *     ignore label
   */
  public ImageCounts count(ClassMask predicted, ClassMask actual) {
    return count(predicted, actual, new Tile(0, 0, actual.width(), actual.height()));
  }

  /**
   * @param counted the pixels that count, a rectangle of the masks
   * @throws IllegalArgumentException as {@link #count(ClassMask, ClassMask)}
   */
  public ImageCounts count(ClassMask predicted, ClassMask actual, Tile counted) {
    checkSize(predicted, actual);
    int pixels = predicted.classes().length;
    reserve(pixels);
    clearIgnored(predicted, actual, pixels);
    long[] counts = new long[CountLayout.length(classes)];
    countArea(predicted.width(), counted, counts);
    countBoundary(predicted.width(), predicted.height(), counted, counts);
    toForeground(pixels);
    countForeground(predicted.width(), counted, counts);
    countForegroundBoundary(predicted.width(), predicted.height(), counted, counts);
    return new ImageCounts(classes, counts);
  }

  private void reserve(int pixels) {
    if (predictedLabels.length < pixels) {
      predictedLabels = new byte[pixels];
      actualLabels = new byte[pixels];
      predictedDistance = new short[pixels];
      actualDistance = new short[pixels];
    }
  }

  private void clearIgnored(ClassMask predicted, ClassMask actual, int pixels) {
    byte[] p = predicted.classes();
    byte[] t = actual.classes();
    byte ignore = (byte) ClassMask.IGNORE;
    for (int i = 0; i < pixels; i++) {
      boolean counted = p[i] != ignore && t[i] != ignore;
      predictedLabels[i] = counted ? checked(p[i], i, "prediction", predicted) : 0;
      actualLabels[i] = counted ? checked(t[i], i, "truth", actual) : 0;
    }
  }

  private byte checked(byte label, int index, String mask, ClassMask in) {
    if ((label & 0xff) > classes) {
      throw new IllegalArgumentException(
          "Invalid %s: class %d at x=%d y=%d (classes are 1 to %d, 0 is background, %d ignored)"
              .formatted(
                  mask,
                  label & 0xff,
                  index % in.width(),
                  index / in.width(),
                  classes,
                  ClassMask.IGNORE));
    }
    return label;
  }

  private void countArea(int width, Tile counted, long[] counts) {
    for (int y = counted.y(); y < counted.y() + counted.height(); y++) {
      int row = y * width + counted.x();
      for (int i = row; i < row + counted.width(); i++) {
        int p = predictedLabels[i] & 0xff;
        int t = actualLabels[i] & 0xff;
        if ((p | t) != 0) {
          tally(counts, CountLayout.area(0), p, t);
        }
      }
    }
    Arrays.fill(counts, 0, CountLayout.FIELDS, 0); // background has no score
  }

  private void countBoundary(int width, int height, Tile counted, long[] counts) {
    int d = BoundaryBand.thicknessPixels(width, height);
    measure(width, height);
    int base = CountLayout.boundary(classes, 0);
    for (int y = counted.y(); y < counted.y() + counted.height(); y++) {
      int row = y * width + counted.x();
      for (int i = row; i < row + counted.width(); i++) {
        int p = predictedDistance[i] <= d ? predictedLabels[i] & 0xff : 0;
        int t = actualDistance[i] <= d ? actualLabels[i] & 0xff : 0;
        if ((p | t) != 0) {
          tally(counts, base, p, t);
        }
      }
    }
    Arrays.fill(counts, base, base + CountLayout.FIELDS, 0);
  }

  /** Leaves 0 / 1 labels behind. */
  private void toForeground(int pixels) {
    for (int i = 0; i < pixels; i++) {
      predictedLabels[i] = (byte) (predictedLabels[i] == 0 ? 0 : 1);
      actualLabels[i] = (byte) (actualLabels[i] == 0 ? 0 : 1);
    }
  }

  private void countForeground(int width, Tile counted, long[] counts) {
    for (int y = counted.y(); y < counted.y() + counted.height(); y++) {
      int row = y * width + counted.x();
      for (int i = row; i < row + counted.width(); i++) {
        counts[0] += predictedLabels[i] & actualLabels[i];
        counts[1] += predictedLabels[i];
        counts[2] += actualLabels[i];
      }
    }
  }

  private void countForegroundBoundary(int width, int height, Tile counted, long[] counts) {
    int d = BoundaryBand.thicknessPixels(width, height);
    measure(width, height);
    int base = CountLayout.boundary(classes, 0);
    for (int y = counted.y(); y < counted.y() + counted.height(); y++) {
      int row = y * width + counted.x();
      for (int i = row; i < row + counted.width(); i++) {
        int p = predictedDistance[i] <= d ? predictedLabels[i] : 0;
        int t = actualDistance[i] <= d ? actualLabels[i] : 0;
        counts[base] += p & t;
        counts[base + 1] += p;
        counts[base + 2] += t;
      }
    }
  }

  private void measure(int width, int height) {
    EdgeDistance.measure(predictedLabels, width, height, predictedDistance);
    EdgeDistance.measure(actualLabels, width, height, actualDistance);
  }

  private static void tally(long[] counts, int base, int predicted, int actual) {
    if (predicted == actual) {
      counts[base + predicted * CountLayout.FIELDS]++;
    }
    counts[base + predicted * CountLayout.FIELDS + 1]++;
    counts[base + actual * CountLayout.FIELDS + 2]++;
  }

  private static void checkSize(ClassMask predicted, ClassMask actual) {
    if (predicted.width() != actual.width() || predicted.height() != actual.height()) {
      throw new IllegalArgumentException(
          "Cannot compare a %d×%d prediction with a %d×%d truth: resize the logits to the truth first"
              .formatted(predicted.width(), predicted.height(), actual.width(), actual.height()));
    }
  }
}
