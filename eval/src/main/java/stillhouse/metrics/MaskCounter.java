package stillhouse.metrics;

import stillhouse.data.ClassMask;
import stillhouse.data.Tile;

/**
 * Counts one prediction against its truth, image after image, in buffers that it reuses. Labels are
 * held as bit planes and 64 pixels are looked at in one step: time is linear in pixels, hardly
 * depends on the thickness d, and grows with the classes that share 64 pixels, not with K. Not
 * thread-safe: one a thread.
 *
 * <p>Ignored pixels are cleared from both masks before the edges are found: the border of an
 * ignored area is an edge of both, and two masks that agree on every counted pixel score 1.
 *
 * <p>Of a tile only a rectangle may be counted. Edges are found in the whole tile all the same: the
 * rectangle's border is none.
 */
public final class MaskCounter {
  private final int classes;
  private final LabelPlanes predicted;
  private final LabelPlanes actual;
  private final EdgeBand predictedBand = new EdgeBand();
  private final EdgeBand actualBand = new EdgeBand();
  private byte[] predictedRow = new byte[0];
  private byte[] actualRow = new byte[0];
  private long[] predictedForeground = new long[0];
  private long[] actualForeground = new long[0];

  /**
   * @param classes K, the foreground classes; a mask may hold 0…K and the ignore label
   */
  public MaskCounter(int classes) {
    this.classes = CountLayout.checkClasses(classes);
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(classes);
    this.predicted = new LabelPlanes(bits);
    this.actual = new LabelPlanes(bits);
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
    pack(predicted, actual);
    int width = actual.width();
    int height = actual.height();
    int d = BoundaryBand.thicknessPixels(width, height);
    long[] ofPredicted = predictedBand.of(this.predicted, d);
    long[] ofActual = actualBand.of(this.actual, d);
    long[] counts = new long[CountLayout.length(classes)];
    if (classes == 1) {
      countPlanes(
          this.predicted.plane(0), this.actual.plane(0), ofPredicted, ofActual, counted, counts);
      copyForeground(counts);
    } else {
      countClasses(ofPredicted, ofActual, counted, counts);
      toForeground();
      countPlanes(
          predictedForeground,
          actualForeground,
          predictedBand.ofPlane(predictedForeground, width, height, d),
          actualBand.ofPlane(actualForeground, width, height, d),
          counted,
          counts);
    }
    return new ImageCounts(classes, counts);
  }

  private void pack(ClassMask p, ClassMask t) {
    int width = p.width();
    predicted.reserve(width, p.height());
    actual.reserve(width, p.height());
    boolean fits = true;
    for (int y = 0; y < p.height(); y++) {
      int from = y * width;
      long seen = predicted.pack(p.classes(), from, y) | actual.pack(t.classes(), from, y);
      fits &=
          LabelPlanes.mayBeIgnored(seen) ? packWithoutIgnored(p, t, y) : !predicted.overflows(seen);
    }
    if (!fits || holdsAbove()) {
      throw invalid(p, t);
    }
  }

  /** Whether what remains once ignored pixels are gone fits into the planes. */
  private boolean packWithoutIgnored(ClassMask p, ClassMask t, int y) {
    int width = p.width();
    if (predictedRow.length < width) {
      predictedRow = new byte[width];
      actualRow = new byte[width];
    }
    System.arraycopy(p.classes(), y * width, predictedRow, 0, width);
    System.arraycopy(t.classes(), y * width, actualRow, 0, width);
    LabelPlanes.clearIgnored(predictedRow, actualRow, width);
    return !predicted.overflows(predicted.pack(predictedRow, 0, y) | actual.pack(actualRow, 0, y));
  }

  private boolean holdsAbove() {
    if (Integer.bitCount(classes + 1) == 1) {
      return false; // all that fits into the planes is a class
    }
    long above = 0;
    for (int word = 0; word < actual.words(); word++) {
      above |= predicted.above(classes, word) | actual.above(classes, word);
    }
    return above != 0;
  }

  private IllegalArgumentException invalid(ClassMask p, ClassMask t) {
    for (int i = 0; i < p.classes().length; i++) {
      int said = p.classes()[i] & 0xff;
      int label = t.classes()[i] & 0xff;
      boolean counted = said != ClassMask.IGNORE && label != ClassMask.IGNORE;
      if (counted && Math.max(said, label) > classes) {
        return said > classes
            ? invalid("prediction", said, i, p.width())
            : invalid("truth", label, i, p.width());
      }
    }
    throw new IllegalStateException("No label is above " + classes + ", though one was seen");
  }

  private IllegalArgumentException invalid(String mask, int label, int index, int width) {
    return new IllegalArgumentException(
        "Invalid %s: class %d at x=%d y=%d (classes are 1 to %d, 0 is background, %d ignored)"
            .formatted(mask, label, index % width, index / width, classes, ClassMask.IGNORE));
  }

  private void countClasses(long[] bandP, long[] bandT, Tile counted, long[] counts) {
    int height = actual.height();
    for (int column = 0; column * height < actual.words(); column++) {
      long inside = inside(column, counted);
      int first = column * height + counted.y();
      for (int i = first; inside != 0 && i < first + counted.height(); i++) {
        countWord(i, inside, bandP[i], bandT[i], counts);
      }
    }
  }

  /** Each label that 64 pixels show, once. */
  private void countWord(int word, long inside, long bandP, long bandT, long[] counts) {
    long restP = predicted.labelled(word) & inside;
    long restT = actual.labelled(word) & inside;
    while ((restP | restT) != 0) {
      int label =
          restP != 0
              ? predicted.label(word, Long.numberOfTrailingZeros(restP))
              : actual.label(word, Long.numberOfTrailingZeros(restT));
      long p = predicted.of(label, word) & inside;
      long t = actual.of(label, word) & inside;
      tally(p, t, counts, CountLayout.area(label));
      tally(p & bandP, t & bandT, counts, CountLayout.boundary(classes, label));
      restP &= ~p;
      restT &= ~t;
    }
  }

  private static void tally(long p, long t, long[] counts, int at) {
    counts[at] += Long.bitCount(p & t);
    counts[at + 1] += Long.bitCount(p);
    counts[at + 2] += Long.bitCount(t);
  }

  private void toForeground() {
    int words = actual.words();
    if (actualForeground.length < words) {
      predictedForeground = new long[words];
      actualForeground = new long[words];
    }
    for (int i = 0; i < words; i++) {
      predictedForeground[i] = predicted.labelled(i);
      actualForeground[i] = actual.labelled(i);
    }
  }

  /** Counts one set of pixels a mask, as the foreground; of the bands only these pixels remain. */
  private void countPlanes(
      long[] p, long[] t, long[] bandP, long[] bandT, Tile counted, long[] counts) {
    int height = actual.height();
    for (int i = 0; i < actual.words(); i++) {
      bandP[i] &= p[i];
      bandT[i] &= t[i];
    }
    for (int column = 0; column * height < actual.words(); column++) {
      long inside = inside(column, counted);
      int from = column * height + counted.y();
      if (inside != 0) {
        int to = from + counted.height();
        tally(p, t, inside, from, to, counts, CountLayout.area(0));
        tally(bandP, bandT, inside, from, to, counts, CountLayout.boundary(classes, 0));
      }
    }
  }

  private static void tally(
      long[] p, long[] t, long inside, int from, int to, long[] counts, int at) {
    long both = 0;
    long ofP = 0;
    long ofT = 0;
    for (int i = from; i < to; i++) {
      long x = p[i] & inside;
      long y = t[i] & inside;
      both += Long.bitCount(x & y);
      ofP += Long.bitCount(x);
      ofT += Long.bitCount(y);
    }
    counts[at] += both;
    counts[at + 1] += ofP;
    counts[at + 2] += ofT;
  }

  /** The foreground's counts stand for the one class. */
  private void copyForeground(long[] counts) {
    System.arraycopy(counts, CountLayout.area(0), counts, CountLayout.area(1), CountLayout.FIELDS);
    System.arraycopy(
        counts,
        CountLayout.boundary(classes, 0),
        counts,
        CountLayout.boundary(classes, 1),
        CountLayout.FIELDS);
  }

  /** Which of 64 columns a rectangle has. */
  private static long inside(int column, Tile counted) {
    int left = Math.max(counted.x() - 64 * column, 0);
    int right = Math.min(counted.x() + counted.width() - 64 * column, 64);
    return left >= right ? 0 : -1L >>> 64 - (right - left) << left;
  }

  static void checkSize(ClassMask predicted, ClassMask actual) {
    if (predicted.width() != actual.width() || predicted.height() != actual.height()) {
      throw new IllegalArgumentException(
          "Cannot compare a %d×%d prediction with a %d×%d truth: resize the logits to the truth first"
              .formatted(predicted.width(), predicted.height(), actual.width(), actual.height()));
    }
  }
}
