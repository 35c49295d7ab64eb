package stillhouse.scene;

import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;

/**
 * A square picture while it is drawn: linear light about 0…1 and warmth (red over blue) of each
 * pixel, and its class.
 */
final class Canvas {
  final int size;
  final float[] light;
  final float[] warmth;
  final byte[] label;

  Canvas(int size) {
    this.size = size;
    light = new float[size * size];
    warmth = new float[size * size];
    label = new byte[size * size];
  }

  int at(int x, int y) {
    return y * size + x;
  }

  /** The first pixel row or column that a shape reaching to {@code edge} touches. */
  int from(float edge) {
    return Math.max(0, (int) Math.floor(edge));
  }

  /** One past the last. */
  int to(float edge) {
    return Math.min(size, (int) Math.ceil(edge) + 1);
  }

  /**
   * The lens and the sensor: a slight blur, noise with a part that grows with the light, 8 bits.
   *
   * @param softness 0 no blur … 1 the binomial 1-2-1
   */
  Scene expose(Chance chance, float softness, float noise) {
    blur(softness);
    byte[] rgb = new byte[3 * size * size];
    for (int i = 0; i < light.length; i++) {
      float level = Math.max(0, light[i]);
      float sigma = noise * (0.5f + level);
      float common = level + sigma * chance.noise();
      for (int c = 0; c < 3; c++) {
        float channel = common * (1 + (1 - c) * warmth[i]) + 0.4f * sigma * chance.noise();
        rgb[3 * i + c] = (byte) Math.max(0, Math.min(255, (int) (channel * 255 + 0.5f)));
      }
    }
    return new Scene(new RgbImage(size, size, rgb), new ClassMask(size, size, label));
  }

  private void blur(float softness) {
    float side = softness / 4;
    float[] rows = new float[light.length];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        int i = at(x, y);
        float left = light[at(Math.max(0, x - 1), y)];
        float right = light[at(Math.min(size - 1, x + 1), y)];
        rows[i] = light[i] + side * (left + right - 2 * light[i]);
      }
    }
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        int i = at(x, y);
        float above = rows[at(x, Math.max(0, y - 1))];
        float below = rows[at(x, Math.min(size - 1, y + 1))];
        light[i] = rows[i] + side * (above + below - 2 * rows[i]);
      }
    }
  }

  static float bell(float distance, float width) {
    float t = distance / width;
    return t * t > 20 ? 0 : (float) StrictMath.exp(-t * t);
  }

  static float clamp(float value) {
    return Math.max(0, Math.min(1, value));
  }
}
