package stillhouse.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * One mask's labels as bit planes, 64 pixels a word: bit x mod 64 of word [x / 64][y] of plane k is
 * bit k of the label at (x, y). The words of 64 columns stand together, down the rows, so that
 * shifts along x and along y are both loops over arrays without a gap. Bits beyond the width are 0.
 * Buffers are reused from mask to mask.
 */
final class LabelPlanes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long LOWEST = 0x0101010101010101L; // of each byte
  private static final long HIGHEST = LOWEST << 7;
  // Byte k's lowest bit is moved to bit 56 + k; no two products meet below, so nothing carries.
  private static final long GATHER = 0x0102040810204080L;

  private final long[][] planes;
  private int width;
  private int height;

  /**
   * @param count planes, 1…8: labels have no more bits
   */
  LabelPlanes(int count) {
    planes = new long[count][0];
  }

  /** Room for a mask; what is in it is of the last one until each row is packed. */
  void reserve(int ofWidth, int ofHeight) {
    width = ofWidth;
    height = ofHeight;
    for (int k = 0; k < planes.length; k++) {
      planes[k] = planes[k].length < words() ? new long[words()] : planes[k];
    }
  }

  /** Words of a plane. */
  int words() {
    return Math.multiplyExact((width + 63) >>> 6, height);
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  int count() {
    return planes.length;
  }

  /** [columns of 64][height]; at least {@link #words()} long. */
  long[] plane(int k) {
    return planes[k];
  }

  /**
   * Packs a row.
   *
   * @param from where the row begins in {@code labels}
   * @return all bits of its labels, in some byte of the word
   */
  long pack(byte[] labels, int from, int y) {
    int full = width & ~63;
    long seen = 0;
    for (int k = 0; k < planes.length; k++) {
      seen = packWords(labels, from, full, planes[k], k, y);
    }
    return full == width ? seen : seen | packRest(labels, from + full, (full >>> 6) * height + y);
  }

  private long packWords(byte[] labels, int from, int full, long[] plane, int k, int y) {
    long seen = 0;
    for (int x = 0, to = y; x < full; x += 64, to += height) {
      int at = from + x;
      long a = eight(labels, at);
      long b = eight(labels, at + 8);
      long c = eight(labels, at + 16);
      long d = eight(labels, at + 24);
      long e = eight(labels, at + 32);
      long f = eight(labels, at + 40);
      long g = eight(labels, at + 48);
      long h = eight(labels, at + 56);
      long any = a | b | c | d | e | f | g | h;
      seen |= any;
      plane[to] =
          any == (a & b & c & d & e & f & g & h) // eight equal eights, as in one label's inside
              ? gather(a >>> k) * LOWEST
              : joined(gather(a >>> k), gather(b >>> k), gather(c >>> k), gather(d >>> k))
                  | joined(gather(e >>> k), gather(f >>> k), gather(g >>> k), gather(h >>> k))
                      << 32;
    }
    return seen;
  }

  private static long joined(long a, long b, long c, long d) {
    return a | b << 8 | c << 16 | d << 24;
  }

  /** The last word of a row that is no multiple of 64 wide. */
  private long packRest(byte[] labels, int at, int to) {
    int count = width & 63;
    long seen = 0;
    for (int k = 0; k < planes.length; k++) {
      planes[k][to] = 0;
    }
    for (int x = 0; x < count; x += 8) {
      long labelled = x + 8 <= count ? eight(labels, at + x) : few(labels, at + x, count - x);
      seen |= labelled;
      for (int k = 0; k < planes.length; k++) {
        planes[k][to] |= gather(labelled >>> k) << x;
      }
    }
    return seen;
  }

  private static long eight(byte[] labels, int at) {
    return (long) LONGS.get(labels, at);
  }

  private static long few(byte[] labels, int at, int count) {
    long few = 0;
    for (int i = 0; i < count; i++) {
      few |= (labels[at + i] & 0xffL) << (8 * i);
    }
    return few;
  }

  private static long gather(long bytes) {
    return (bytes & LOWEST) * GATHER >>> 56;
  }

  /** The label at bit {@code bit} of a word. */
  int label(int word, int bit) {
    int label = 0;
    for (int k = 0; k < planes.length; k++) {
      label |= (int) (planes[k][word] >>> bit & 1) << k;
    }
    return label;
  }

  /** The pixels of a word that have a label. */
  long of(int label, int word) {
    long pixels = -1;
    for (int k = 0; k < planes.length; k++) {
      long bits = planes[k][word];
      pixels &= (label >>> k & 1) == 0 ? ~bits : bits;
    }
    return pixels;
  }

  /** The pixels of a word that have any label but 0. */
  long labelled(int word) {
    long any = planes[0][word];
    for (int k = 1; k < planes.length; k++) {
      any |= planes[k][word];
    }
    return any;
  }

  /** The pixels of a word whose label is larger than {@code most}. */
  long above(int most, int word) {
    long above = 0;
    long equal = -1;
    for (int k = planes.length - 1; k >= 0; k--) {
      long bits = planes[k][word];
      if ((most >>> k & 1) == 0) {
        above |= equal & bits;
        equal &= ~bits;
      } else {
        equal &= bits;
      }
    }
    return above;
  }

  /** Whether a label of what {@link #pack} saw has more bits than there are planes. */
  boolean overflows(long seen) {
    long held = (1L << planes.length) - 1;
    return (seen & ~(held * LOWEST)) != 0;
  }

  /** Whether a label of what {@link #pack} saw may be 255: 128 and more have that bit, too. */
  static boolean mayBeIgnored(long seen) {
    return (seen & HIGHEST) != 0;
  }

  /** Sets to 0 what is 255 in either of two rows, in both. */
  static void clearIgnored(byte[] a, byte[] b, int length) {
    int i = 0;
    for (; i + 8 <= length; i += 8) {
      long x = (long) LONGS.get(a, i);
      long y = (long) LONGS.get(b, i);
      long kept = notFull(x) & notFull(y);
      LONGS.set(a, i, x & kept);
      LONGS.set(b, i, y & kept);
    }
    for (; i < length; i++) {
      boolean ignored = a[i] == -1 || b[i] == -1;
      a[i] = ignored ? 0 : a[i];
      b[i] = ignored ? 0 : b[i];
    }
  }

  /** 255 in every byte that is not 255, 0 in the others. */
  private static long notFull(long bytes) {
    long missing = ~bytes;
    long any = ((missing & ~HIGHEST) + ~HIGHEST | missing) & HIGHEST;
    return (any >>> 7) * 0xff;
  }
}
