package stillhouse.data;

/** Pixels of an image, as runs. Pixel (x, y) covers [x, x + 1] × [y, y + 1] of its coordinates. */
interface Shape {
  /**
   * @param sink told of each pixel inside the image at most once
   */
  void draw(int width, int height, Runs sink);

  /** Takes runs of pixels by their row-major indices: start, start + step, … */
  @FunctionalInterface
  interface Runs {
    void run(int start, int step, int count);

    /**
     * Told before it is done of work that no run shows: about one a pixel looked at.
     *
     * @throws UnreadableImageException where it is too much
     */
    default void work(long amount) {}
  }
}
