package stillhouse.data;

/**
 * An image file that could be decoded.
 *
 * @param width of its pixels, turned upright
 * @param orientation how they were turned
 */
record Picture(int width, int height, Orientation orientation) {
  long pixels() {
    return (long) width * height;
  }

  static Picture of(Container container) {
    Orientation orientation = container.orientation();
    return orientation.swapsSides()
        ? new Picture(container.height(), container.width(), orientation)
        : new Picture(container.width(), container.height(), orientation);
  }
}
