package stillhouse.data;

/**
 * An 8-bit RGB image, interleaved row-major [height, width, 3]. The array is shared, not copied.
 */
public final class RgbImage {
  private final int width;
  private final int height;
  private final byte[] rgb;

  public RgbImage(int width, int height, byte[] rgb) {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          "Invalid image: " + width + "×" + height + " with " + rgb.length + " bytes");
    }
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  public int width() {
    return width;
  }

  public int height() {
    return height;
  }

  /** The bytes themselves, not a copy. */
  public byte[] rgb() {
    return rgb;
  }
}
