package stillhouse.metrics;

import java.util.Arrays;
import java.util.SplittableRandom;
import stillhouse.data.ClassMask;

/** Masks of overlapping rectangles, drawn from a seed. */
final class RandomMasks {
  private RandomMasks() {}

  /**
   * @param ignored whether an ignored rectangle is drawn too
   */
  static ClassMask draw(long seed, int width, int height, int classes, boolean ignored) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] labels = new byte[width * height];
    int rectangles = random.nextInt(7);
    for (int r = 0; r < rectangles; r++) {
      fill(random, labels, width, height, random.nextInt(classes + 1));
    }
    if (ignored) {
      fill(random, labels, width, height, ClassMask.IGNORE);
    }
    return new ClassMask(width, height, labels);
  }

  private static void fill(
      SplittableRandom random, byte[] labels, int width, int height, int label) {
    int x0 = random.nextInt(width);
    int y0 = random.nextInt(height);
    int x1 = x0 + random.nextInt(width - x0) + 1;
    int y1 = y0 + random.nextInt(height - y0) + 1;
    for (int y = y0; y < y1; y++) {
      Arrays.fill(labels, y * width + x0, y * width + x1, (byte) label);
    }
  }

  /** Digits of rows, top first; {@code #} is ignored. */
  static ClassMask of(String... rows) {
    int width = rows[0].length();
    byte[] labels = new byte[width * rows.length];
    for (int i = 0; i < labels.length; i++) {
      char c = rows[i / width].charAt(i % width);
      labels[i] = (byte) (c == '#' ? ClassMask.IGNORE : c - '0');
    }
    return new ClassMask(width, rows.length, labels);
  }
}
