package stillhouse.data;

import java.util.Optional;

/**
 * The pixels that an image's labels may be of: the upright picture's or, where it is turned, those
 * that stand in its file. Labels are drawn on the ones that they are of and turned afterwards.
 *
 * @param declared what the source says
 */
record LabelFrame(Picture picture, Optional<MaskOrientation> declared) {
  /** In pixels. */
  record Size(int width, int height) {
    @Override
    public String toString() {
      return ImageCodec.size(width, height);
    }

    /** A side that is 0 is not known. */
    private boolean has(int width, int height) {
      return (width == 0 || width == this.width) && (height == 0 || height == this.height);
    }
  }

  /** Of a picture that is not turned. */
  static LabelFrame of(int width, int height) {
    return new LabelFrame(new Picture(width, height, Orientation.UPRIGHT), Optional.empty());
  }

  /** Of the upright picture. */
  Size upright() {
    return new Size(picture.width(), picture.height());
  }

  private Size stored() {
    return picture.orientation().swapsSides()
        ? new Size(picture.height(), picture.width())
        : upright();
  }

  boolean isTurned() {
    return picture.orientation() != Orientation.UPRIGHT;
  }

  /**
   * The size to draw labels on.
   *
   * @param width that the labels say they are of, and height; 0 where they don't
   * @param found tells of the labels' size where it is another image's
   * @throws UnreadableImageException where they are of neither size, or where both would do and the
   *     source doesn't say which
   */
  Size sizeOf(int width, int height, String found) {
    boolean asShown = upright().has(width, height);
    boolean asStored = stored().has(width, height);
    if (!asShown && !asStored) {
      throw new UnreadableImageException("mask-size", found);
    }
    if (asShown && asStored && !upright().equals(stored())) {
      return declared.map(this::size).orElseThrow(this::untold);
    }
    return asShown ? upright() : stored();
  }

  private Size size(MaskOrientation said) {
    return switch (said) {
      case UPRIGHT -> upright();
      case STORED -> stored();
    };
  }

  private UnreadableImageException untold() {
    return MaskOrientation.untold(picture, "nothing in its labels tells");
  }

  /** What was drawn, of the upright picture. */
  ClassMask turned(ClassMask drawn) {
    return MaskOrientation.upright(drawn, picture, declared);
  }
}
