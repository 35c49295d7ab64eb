package stillhouse.student;

/**
 * Attention biases of windows of another side. A distance that both tables have keeps its bias; one
 * beyond the published window gets that of the farthest the window had. Departure: TinyViT and Swin
 * resample such tables bicubically, which moves every bias to another distance.
 */
final class BiasTables {
  private BiasTables() {}

  /**
   * Biases by |Δy| and |Δx|, TinyViT's.
   *
   * @param from [heads, s²]
   * @return [heads, side²]
   */
  static float[] distances(float[] from, int heads, int side) {
    int old = exactRoot(from.length / heads);
    float[] to = new float[heads * side * side];
    for (int i = 0; i < to.length; i++) {
      int head = i / (side * side);
      int dy = Math.min(i / side % side, old - 1);
      int dx = Math.min(i % side, old - 1);
      to[i] = from[(head * old + dy) * old + dx];
    }
    return to;
  }

  /**
   * Biases by Δy and Δx, Swin's; the student holds them head by head.
   *
   * @param from [(2s − 1)², heads]
   * @param across 2·side − 1 of the student's windows
   * @return [heads, across²]
   */
  static float[] offsets(float[] from, int heads, int across) {
    int old = exactRoot(from.length / heads);
    int farthest = old / 2;
    float[] to = new float[heads * across * across];
    for (int i = 0; i < to.length; i++) {
      int dy = within(farthest, i / across % across - across / 2);
      int dx = within(farthest, i % across - across / 2);
      int head = i / (across * across);
      to[i] = from[((dy + farthest) * old + dx + farthest) * heads + head];
    }
    return to;
  }

  private static int within(int farthest, int offset) {
    return Math.max(-farthest, Math.min(farthest, offset));
  }

  static boolean isSquare(long area) {
    long root = Math.round(Math.sqrt(area));
    return area > 0 && root * root == area;
  }

  /** The side of a square of {@code area} cells. */
  static int exactRoot(int area) {
    if (!isSquare(area)) {
      throw new IllegalArgumentException("Invalid bias table: " + area + " is no square");
    }
    return (int) Math.round(Math.sqrt(area));
  }
}
