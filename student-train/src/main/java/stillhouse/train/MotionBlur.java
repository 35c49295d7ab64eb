package stillhouse.train;

import java.util.Arrays;

/**
 * What a camera sees of a part that moves while the shutter is open: the mean along a straight path
 * of n pixels, centred, so that nothing shifts. x(p) ← 1/n · Σ x(p + k·d), k = −(n−1)/2…(n−1)/2, d
 * of unit length, each place rounded to a pixel and held at the image's border.
 */
final class MotionBlur {
  private MotionBlur() {}

  /**
   * Blurs planes in place.
   *
   * @param values [planes, height, width] from index {@code from} on
   * @param reach (n − 1) / 2, pixels
   * @param angle of d against a row, radians
   */
  static void apply(
      float[] values, int from, int planes, int height, int width, int reach, double angle) {
    if (reach == 0) {
      return;
    }
    int area = height * width;
    float[] sharp = new float[area];
    for (int plane = 0; plane < planes; plane++) {
      int at = from + plane * area;
      System.arraycopy(values, at, sharp, 0, area);
      Arrays.fill(values, at, at + area, 0);
      for (int k = -reach; k <= reach; k++) {
        int dx = (int) Math.round(k * Math.cos(angle));
        int dy = (int) Math.round(k * Math.sin(angle));
        addMoved(values, at, sharp, height, width, dx, dy);
      }
      float share = 1f / (2 * reach + 1);
      for (int i = at; i < at + area; i++) {
        values[i] *= share;
      }
    }
  }

  private static void addMoved(
      float[] sum, int at, float[] sharp, int height, int width, int dx, int dy) {
    int left = Math.min(width, Math.max(0, -dx)); // columns whose source lies left of the image
    int right = Math.max(left, Math.min(width, width - dx));
    for (int y = 0; y < height; y++) {
      int row = Math.max(0, Math.min(height - 1, y + dy)) * width;
      int to = at + y * width;
      for (int x = 0; x < left; x++) {
        sum[to + x] += sharp[row];
      }
      for (int x = left; x < right; x++) {
        sum[to + x] += sharp[row + x + dx];
      }
      for (int x = right; x < width; x++) {
        sum[to + x] += sharp[row + width - 1];
      }
    }
  }
}
