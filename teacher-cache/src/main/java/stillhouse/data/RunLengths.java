package stillhouse.data;

/**
 * COCO's run-length mask: lengths of runs of 0 and 1 in turn, 0 first, down the columns, one after
 * the other.
 */
final class RunLengths implements Shape {
  private static final int CHUNK = 0x1f; // five bits a character, from 48 on
  private static final int MORE = 0x20;
  private static final int SIGN = 0x10;
  private static final int CHUNKS = 7; // 35 bits: more than any count has

  private final int width;
  private final int height;
  private final int[] counts;

  private RunLengths(int width, int height, int[] counts) {
    this.width = width;
    this.height = height;
    this.counts = counts;
  }

  /**
   * @param counts may be longer than {@code used}
   * @throws UnreadableImageException where they are not of a mask of this size
   */
  static RunLengths of(int width, int height, long[] counts, int used) {
    int[] exact = new int[used];
    long sum = 0;
    for (int i = 0; i < used; i++) {
      if (counts[i] < 0 || counts[i] > (long) width * height) {
        throw refused("count " + counts[i] + " at " + i, width, height);
      }
      exact[i] = (int) counts[i];
      sum += exact[i];
    }
    if (sum != (long) width * height) {
      throw refused("counts add up to " + sum, width, height);
    }
    return new RunLengths(width, height, exact);
  }

  /**
   * COCO's compressed form: from the fourth on, each count is kept as its difference to the one two
   * before it; a number is written in chunks of five bits, the lowest first, with a bit for more
   * and the last chunk's highest bit as its sign.
   */
  static RunLengths ofCompressed(int width, int height, String text) {
    long[] counts = new long[Math.min(text.length(), Points.MOST)];
    int n = 0;
    for (int at = 0; at < text.length(); n++) {
      if (n == counts.length) {
        throw refused("more than " + counts.length + " runs", width, height);
      }
      long value = 0;
      int chunk = MORE;
      int bits = 0;
      for (; (chunk & MORE) != 0; bits += 5) {
        if (at == text.length() || bits == 5 * CHUNKS) {
          throw refused("run " + n + " has no end", width, height);
        }
        chunk = text.charAt(at++) - '0';
        if (chunk < 0 || chunk > (CHUNK | MORE)) {
          throw refused("character '" + text.charAt(at - 1) + "' at " + (at - 1), width, height);
        }
        value |= (long) (chunk & CHUNK) << bits;
      }
      if ((chunk & SIGN) != 0) {
        value |= -1L << bits;
      }
      counts[n] = n > 2 ? value + counts[n - 2] : value;
    }
    return of(width, height, counts, n);
  }

  private static UnreadableImageException refused(String what, int width, int height) {
    return new UnreadableImageException(
        "mask-rle", "run lengths of a " + ImageCodec.size(width, height) + " mask: " + what);
  }

  long area() {
    long area = 0;
    for (int i = 1; i < counts.length; i += 2) {
      area += counts[i];
    }
    return area;
  }

  /**
   * Its own, as one of those that labels may be of.
   *
   * @throws UnreadableImageException where it is of another image
   */
  LabelFrame.Size sizeIn(LabelFrame frame) {
    return frame.sizeOf(width, height, otherSize(frame.upright()));
  }

  private String otherSize(LabelFrame.Size image) {
    return "run lengths are of a mask of "
        + ImageCodec.size(width, height)
        + ", the image is "
        + image;
  }

  @Override
  public void draw(int width, int height, Runs sink) {
    if (width != this.width || height != this.height) {
      throw new UnreadableImageException(
          "mask-size", otherSize(new LabelFrame.Size(width, height)));
    }
    int at = 0;
    for (int i = 0; i < counts.length; i++) {
      if (i % 2 == 1) {
        columns(at, counts[i], sink);
      }
      at += counts[i];
    }
  }

  private void columns(int from, int count, Runs sink) {
    for (int at = from, left = count; left > 0; ) {
      int row = at % height;
      int here = Math.min(left, height - row);
      sink.run(row * width + at / height, width, here);
      at += here;
      left -= here;
    }
  }
}
