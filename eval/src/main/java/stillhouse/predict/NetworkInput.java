package stillhouse.predict;

import java.nio.FloatBuffer;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;
import stillhouse.tensor.Axis;

/** Fills a network's input from an image. */
final class NetworkInput {
  private static final float[] UNIT = new float[256];

  static {
    for (int i = 0; i < UNIT.length; i++) {
      UNIT[i] = i / 255f;
    }
  }

  private NetworkInput() {}

  /**
   * Writes [3, height, width] in 0…1 from the buffer's start: {@link Images#planes(RgbImage, int,
   * int)} to the bit, without the planes of the whole image between.
   */
  static void fill(RgbImage image, int height, int width, FloatBuffer input) {
    Axis columns = new Axis(image.width(), width);
    Axis rows = new Axis(image.height(), height);
    byte[] rgb = image.rgb();
    float[] line = new float[width];
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < height; y++) {
        int row0 = rows.first[y] * image.width() * 3 + c;
        int row1 = rows.second[y] * image.width() * 3 + c;
        float v = rows.share[y];
        for (int x = 0; x < width; x++) {
          int left = columns.first[x] * 3;
          int right = columns.second[x] * 3;
          float u = columns.share[x];
          float a = UNIT[rgb[row0 + left] & 0xff];
          float b = UNIT[rgb[row1 + left] & 0xff];
          float upper = a + u * (UNIT[rgb[row0 + right] & 0xff] - a);
          float lower = b + u * (UNIT[rgb[row1 + right] & 0xff] - b);
          line[x] = upper + v * (lower - upper);
        }
        input.put((c * height + y) * width, line);
      }
    }
  }
}
