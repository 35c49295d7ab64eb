package stillhouse.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import stillhouse.data.ClassMask;
import stillhouse.data.Tile;

/**
 * Counts what a prediction calls the pixels of each class, image after image, in a buffer that it
 * reuses. Pixels that either mask ignores count nowhere, as in {@link MaskCounter}. Equal pixels
 * are taken eight at a time. Not thread-safe: one a thread.
 */
public final class ConfusionCounter {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long EACH_BYTE = 0x0101010101010101L;

  /**
   * A cell that is not empty.
   *
   * @param actual the class that pixels are of, 0 for background
   * @param predicted the class that they are said to be of
   */
  public record Cell(int actual, int predicted, long pixels) {}

  private final int classes;
  private final long[] cells;

  /**
   * @param classes K, the foreground classes
   */
  public ConfusionCounter(int classes) {
    this.classes = CountLayout.checkClasses(classes);
    this.cells = new long[(classes + 1) * (classes + 1)];
  }

  /**
   * @param counted the pixels that count, a rectangle of the masks
   * @return the cells that have pixels, in the order of actual, then predicted
   * @throws IllegalArgumentException where the sizes differ or a label is neither a class nor the
   *     ignore label
   */
  public List<Cell> count(ClassMask predicted, ClassMask actual, Tile counted) {
    MaskCounter.checkSize(predicted, actual);
    for (int y = counted.y(); y < counted.y() + counted.height(); y++) {
      int from = y * actual.width() + counted.x();
      row(predicted.classes(), actual.classes(), from, from + counted.width());
    }
    return taken();
  }

  private void row(byte[] predicted, byte[] actual, int from, int to) {
    int next;
    for (int i = from; i < to; i = next) {
      next = end(predicted, actual, i, to);
      int p = predicted[i] & 0xff;
      int t = actual[i] & 0xff;
      if (p != ClassMask.IGNORE && t != ClassMask.IGNORE) {
        cells[check(t) * (classes + 1) + check(p)] += next - i;
      }
    }
  }

  /** Where a pair of labels ends that begins at {@code from}. */
  private static int end(byte[] predicted, byte[] actual, int from, int to) {
    byte p = predicted[from];
    byte t = actual[from];
    long eightP = (p & 0xff) * EACH_BYTE;
    long eightT = (t & 0xff) * EACH_BYTE;
    int i = from + 1;
    while (i + 8 <= to
        && (long) LONGS.get(predicted, i) == eightP
        && (long) LONGS.get(actual, i) == eightT) {
      i += 8;
    }
    while (i < to && predicted[i] == p && actual[i] == t) {
      i++;
    }
    return i;
  }

  private int check(int label) {
    if (label > classes) {
      throw new IllegalArgumentException(
          "Invalid class: %d (classes are 1 to %d, 0 is background, %d ignored)"
              .formatted(label, classes, ClassMask.IGNORE));
    }
    return label;
  }

  private List<Cell> taken() {
    List<Cell> taken = new ArrayList<>();
    for (int i = 0; i < cells.length; i++) {
      if (cells[i] > 0) {
        taken.add(new Cell(i / (classes + 1), i % (classes + 1), cells[i]));
        cells[i] = 0;
      }
    }
    return taken;
  }
}
