package stillhouse.data;

import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/** Pictures and masks as networks take them. */
public final class Images {
  private Images() {}

  /**
   * @return [3, H, W], red, green, blue in 0…1
   */
  public static FloatTensor planes(RgbImage image) {
    int pixels = image.width() * image.height();
    byte[] rgb = image.rgb();
    float[] planes = new float[3 * pixels];
    for (int i = 0; i < pixels; i++) {
      for (int c = 0; c < 3; c++) {
        planes[c * pixels + i] = (rgb[3 * i + c] & 0xff) / 255f;
      }
    }
    return new FloatTensor(new int[] {3, image.height(), image.width()}, planes);
  }

  /**
   * Resized directly, whatever the sides' ratio, bilinearly on floats ({@link Resize#bilinear}).
   *
   * @return [3, height, width] in 0…1
   */
  public static FloatTensor planes(RgbImage image, int height, int width) {
    return Resize.bilinear(planes(image), height, width);
  }

  /** The label at each output cell's centre: cell i reads source pixel ⌊(i + ½)·in/out⌋. */
  public static ClassMask nearest(ClassMask mask, int width, int height) {
    if (mask.width() == width && mask.height() == height) {
      return mask;
    }
    byte[] in = mask.classes();
    byte[] out = new byte[width * height];
    for (int y = 0, o = 0; y < height; y++) {
      int row = centre(y, mask.height(), height) * mask.width();
      for (int x = 0; x < width; x++) {
        out[o++] = in[row + centre(x, mask.width(), width)];
      }
    }
    return new ClassMask(width, height, out);
  }

  private static int centre(int i, int in, int out) {
    return (int) ((2L * i + 1) * in / (2L * out));
  }
}
