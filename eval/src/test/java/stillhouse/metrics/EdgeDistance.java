package stillhouse.metrics;

/**
 * Each pixel's chessboard distance to the nearest pixel of another label, everything outside the
 * image being of another label. Exact, in two passes, for all labels at once: a neighbour of the
 * same label passes on its own distance plus one, any other neighbour is at distance one.
 *
 * <p>A pixel of class c is at a distance ≤ d exactly where d erosions of c's mask by a 3×3 square,
 * zero-padded by one pixel, remove it.
 */
final class EdgeDistance {
  private EdgeDistance() {}

  /**
   * @param labels [height, width]
   * @param distance written, at least as long; values ≥ 1, meaningless where the label is 0
   */
  static void measure(byte[] labels, int width, int height, short[] distance) {
    for (int y = 0; y < height; y++) {
      for (int x = 0, i = y * width; x < width; x++, i++) {
        distance[i] = labels[i] == 0 ? 0 : fromAbove(labels, width, x, y, distance);
      }
    }
    for (int y = height - 1; y >= 0; y--) {
      for (int x = width - 1, i = y * width + x; x >= 0; x--, i--) {
        if (labels[i] != 0) {
          distance[i] = fromBelow(labels, width, height, x, y, distance);
        }
      }
    }
  }

  private static short fromAbove(byte[] labels, int width, int x, int y, short[] distance) {
    if (x == 0 || y == 0 || x == width - 1) {
      return 1;
    }
    int i = y * width + x;
    byte label = labels[i];
    int up = i - width;
    int nearest = step(labels, distance, i - 1, label);
    nearest = Math.min(nearest, step(labels, distance, up - 1, label));
    nearest = Math.min(nearest, step(labels, distance, up, label));
    return (short) Math.min(nearest, step(labels, distance, up + 1, label));
  }

  private static short fromBelow(
      byte[] labels, int width, int height, int x, int y, short[] distance) {
    if (x == 0 || x == width - 1 || y == height - 1) {
      return 1;
    }
    int i = y * width + x;
    byte label = labels[i];
    int down = i + width;
    int nearest = Math.min(distance[i], step(labels, distance, i + 1, label));
    nearest = Math.min(nearest, step(labels, distance, down - 1, label));
    nearest = Math.min(nearest, step(labels, distance, down, label));
    return (short) Math.min(nearest, step(labels, distance, down + 1, label));
  }

  private static int step(byte[] labels, short[] distance, int neighbour, byte label) {
    return labels[neighbour] == label ? distance[neighbour] + 1 : 1;
  }
}
