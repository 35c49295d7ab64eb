package stillhouse.metrics;

import java.util.Arrays;

/**
 * Which pixels lie within d of a pixel of another label, or of the image's border, for all labels
 * at once: those whose (2d + 1)² window is not all of one label, everything outside the image being
 * of none. A window is of one label exactly where none of its 2×2 blocks has two; so blocks that
 * have two are marked, and the marks spread over 2d columns and 2d rows by shifts that double.
 * Exact, and the same as d erosions of each label's mask by a 3×3 square, zero-padded by one pixel.
 *
 * <p>Time is linear in pixels and logarithmic in d, 64 pixels a step. Bits of background and beyond
 * the width mean nothing.
 */
final class EdgeBand {
  private long[] marks = new long[0];
  private long[] spread = new long[0];

  /**
   * @param d ≥ 1
   * @return laid out as the planes; valid until the next call
   */
  long[] of(LabelPlanes labels, int d) {
    reserve(labels.words());
    Arrays.fill(marks, 0, labels.words(), 0);
    for (int k = 0; k < labels.count(); k++) {
      addRows(labels.plane(k), labels.words(), labels.height());
    }
    joinRows(labels.words(), labels.height());
    for (int k = 0; k < labels.count(); k++) {
      addColumns(labels.plane(k), labels.words(), labels.height());
    }
    return spread(labels.width(), labels.height(), d);
  }

  /** As {@link #of}, of one plane: a bit is of one label and its absence of another. */
  long[] ofPlane(long[] plane, int width, int height, int d) {
    int words = (width + 63 >>> 6) * height;
    reserve(words);
    Arrays.fill(marks, 0, words, 0);
    addRows(plane, words, height);
    joinRows(words, height);
    addColumns(plane, words, height);
    return spread(width, height, d);
  }

  private void reserve(int words) {
    if (marks.length < words) {
      marks = new long[words];
      spread = new long[words];
    }
  }

  /** Marks each pixel that differs from its right neighbour. */
  private void addRows(long[] plane, int words, int height) {
    int last = words - height;
    for (int i = 0; i < last; i++) {
      long bits = plane[i];
      marks[i] |= bits ^ (bits >>> 1 | plane[i + height] << 63);
    }
    for (int i = last; i < words; i++) {
      marks[i] |= plane[i] ^ plane[i] >>> 1; // the border's own column is found by its place
    }
  }

  /** Marks of a row go to the row above, too: a block has two rows. */
  private void joinRows(int words, int height) {
    for (int from = 0; from < words; from += height) {
      for (int i = from; i < from + height - 1; i++) {
        marks[i] |= marks[i + 1];
      }
    }
  }

  /** Marks each pixel that differs from the one below. */
  private void addColumns(long[] plane, int words, int height) {
    for (int from = 0; from < words; from += height) {
      for (int i = from; i < from + height - 1; i++) {
        marks[i] |= plane[i] ^ plane[i + 1];
      }
    }
  }

  /** Block (x, y) has pixels x, x+1; window [x−d, x+d] has blocks x−d…x+d−1. */
  private long[] spread(int width, int height, int d) {
    int words = (width + 63 >>> 6) * height;
    int window = 2 * d;
    int first = Math.min(window, 64);
    right(marks, spread, words, height, d, first);
    for (int done = first; done < window; ) {
      int next = Math.min(window - done + 1, 64); // windows of a and b make one of a + b − 1
      right(spread, spread, words, height, 0, next);
      done += next - 1;
    }
    for (int from = 0; from < words; from += height) {
      down(from, height, d, sides(from / height, width, d));
    }
    return marks;
  }

  /**
   * out[x] = any of in[x − shift … x − shift + window − 1].
   *
   * @param window 1…64
   */
  private static void right(long[] in, long[] out, int words, int height, int shift, int window) {
    int columns = shift >>> 6;
    int bits = shift & 63;
    for (int from = 0; from < words; from += height) {
      int near = from - columns * height;
      for (int y = 0; y < height; y++) {
        long before = word(in, near - height + y, words);
        long at = word(in, near + y, words);
        long after = word(in, near + height + y, words);
        out[from + y] =
            (before | at | after) == 0
                ? 0
                : any(shifted(before, at, bits), shifted(at, after, bits), window);
      }
    }
  }

  private static long word(long[] in, int at, int words) {
    return at < 0 || at >= words ? 0 : in[at];
  }

  private static long shifted(long before, long at, int bits) {
    return at << bits | before >>> 1 >>> 63 - bits;
  }

  /** Bit x: whether any of bits x … x + window − 1 is set, of a word and the one after. */
  private static long any(long word, long after, int window) {
    long low = word;
    long high = after;
    int length = 1;
    for (; 2 * length <= window; length *= 2) {
      low |= low >>> length | high << 64 - length;
      high |= high >>> length;
    }
    int rest = window - length;
    return rest == 0 ? low : low | low >>> rest | high << 64 - rest;
  }

  /** From spread to marks: 64 columns, over rows y − d … y + d − 1; the border is an edge. */
  private void down(int from, int height, int d, long sides) {
    int inner = height - d; // rows d … inner − 1 have their whole window inside
    int length = 1;
    for (; 2 * length <= 2 * d; length *= 2) {
      for (int i = from; i < from + height - length; i++) {
        spread[i] |= spread[i + length];
      }
    }
    int rest = 2 * d - length;
    Arrays.fill(marks, from, from + Math.min(d, height), -1);
    for (int i = from + d; i < from + inner; i++) {
      marks[i] = spread[i - d] | spread[i - d + rest] | sides;
    }
    Arrays.fill(marks, from + Math.max(Math.min(d, height), inner), from + height, -1);
  }

  /** The bits of 64 columns that are within d of the left or right border. */
  private static long sides(int column, int width, int d) {
    long sides = 0;
    for (int bit = 0; bit < 64; bit++) {
      int x = column * 64 + bit;
      sides |= x < d || x >= width - d ? 1L << bit : 0;
    }
    return sides;
  }
}
