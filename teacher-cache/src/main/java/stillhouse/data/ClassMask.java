package stillhouse.data;

/**
 * A label mask: one unsigned class index a pixel, row-major [height, width]. 0 is background, 1…K
 * the classes, {@link #IGNORE} counts nowhere. The array is shared, not copied.
 */
public final class ClassMask {
  /** The label that no loss and no metric counts. */
  public static final int IGNORE = 255;

  private final int width;
  private final int height;
  private final byte[] classes;

  public ClassMask(int width, int height, byte[] classes) {
    if (width < 1 || height < 1 || classes.length != (long) width * height) {
      throw new IllegalArgumentException(
          "Invalid mask: " + width + "×" + height + " with " + classes.length + " bytes");
    }
    this.width = width;
    this.height = height;
    this.classes = classes;
  }

  public int width() {
    return width;
  }

  public int height() {
    return height;
  }

  public int at(int x, int y) {
    return classes[y * width + x] & 0xff;
  }

  /** The bytes themselves, not a copy. */
  public byte[] classes() {
    return classes;
  }
}
