package stillhouse.data;

import stillhouse.tensor.Axis;
import stillhouse.tensor.FloatTensor;

/** Pictures and masks as networks take them. */
public final class Images {
  private static final float[] LEVELS = new float[256];
  private static final float[] UNIT = new float[256];

  static {
    for (int i = 0; i < LEVELS.length; i++) {
      LEVELS[i] = i;
      UNIT[i] = i / 255f;
    }
  }

  private Images() {}

  /** An image as [3, H, W], red, green, blue in 0…1. */
  public static FloatTensor planes(RgbImage image) {
    float[] planes = new float[image.rgb().length];
    planes(image.rgb(), planes, 0);
    return new FloatTensor(shape(image), planes);
  }

  /**
   * Writes the pixels [H, W, 3] as planes [3, H, W] in 0…1 into {@code out} from index {@code at}
   * on.
   */
  public static void planes(byte[] rgb, float[] out, int at) {
    split(rgb, UNIT, out, at);
  }

  /** An image as [3, H, W], red, green, blue in 0…255. */
  public static FloatTensor levels(RgbImage image) {
    float[] planes = new float[image.rgb().length];
    split(image.rgb(), LEVELS, planes, 0);
    return new FloatTensor(shape(image), planes);
  }

  /**
   * Resized directly, whatever the sides' ratio, bilinearly on floats: what {@link
   * stillhouse.tensor.Resize#bilinear} makes of the planes.
   *
   * @return [3, height, width] in 0…1
   */
  public static FloatTensor planes(RgbImage image, int height, int width) {
    return resized(image, UNIT, height, width, Shrink.BILINEAR);
  }

  /**
   * Resized directly, without the image's own planes.
   *
   * @return [3, height, width] in 0…255, not rounded
   */
  public static FloatTensor levels(RgbImage image, int height, int width, Shrink shrink) {
    return resized(image, LEVELS, height, width, shrink);
  }

  private static FloatTensor resized(
      RgbImage image, float[] values, int height, int width, Shrink shrink) {
    PixelResize resize = new PixelResize(image, values, height, width);
    boolean enlarged = height >= image.height() && width >= image.width();
    float[] planes =
        enlarged || shrink == Shrink.BILINEAR
            ? resize.bilinear(new Axis(image.height(), height), new Axis(image.width(), width))
            : resize.weighted(
                Taps.of(shrink, image.height(), height), Taps.of(shrink, image.width(), width));
    return new FloatTensor(new int[] {3, height, width}, planes);
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

  private static int[] shape(RgbImage image) {
    return new int[] {3, image.height(), image.width()};
  }

  private static void split(byte[] rgb, float[] values, float[] out, int at) {
    int area = rgb.length / 3;
    for (int i = 0, o = at; i < rgb.length; i += 3, o++) {
      out[o] = values[rgb[i] & 0xff];
      out[o + area] = values[rgb[i + 1] & 0xff];
      out[o + 2 * area] = values[rgb[i + 2] & 0xff];
    }
  }
}
