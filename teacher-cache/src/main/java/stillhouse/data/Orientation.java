package stillhouse.data;

/**
 * How a picture's stored pixels are turned to stand upright: the eight values of EXIF's and TIFF's
 * orientation tag (0x0112), in their order.
 */
enum Orientation {
  UPRIGHT(View.IDENTITY),
  MIRRORED(View.FLIP_HORIZONTAL),
  TURNED_180(View.TURN_180),
  FLIPPED(View.FLIP_VERTICAL),
  TRANSPOSED(View.TRANSPOSE),
  TURNED_90(View.TURN_90),
  TRANSVERSED(View.ANTI_TRANSPOSE),
  TURNED_270(View.TURN_270);

  private static final Orientation[] VALUES = values();

  private final View upright;

  Orientation(View upright) {
    this.upright = upright;
  }

  /** A tag's value; those outside 1…8 mean nothing and count as upright. */
  static Orientation of(int tag) {
    return tag >= 1 && tag <= VALUES.length ? VALUES[tag - 1] : UPRIGHT;
  }

  int tag() {
    return ordinal() + 1;
  }

  boolean swapsSides() {
    return upright.swapsSides();
  }

  /** A picture as it stands in its file, upright. */
  RgbImage upright(RgbImage stored) {
    return upright.of(stored);
  }

  /** A mask that was drawn on the stored pixels, upright. */
  ClassMask upright(ClassMask stored) {
    return upright.of(stored);
  }
}
