package stillhouse.data;

import java.util.BitSet;

/** Paints an image's shapes onto its mask, class by class. */
final class Painter {
  /** A few seconds of one core: an image of 2048×2048 covered 256 times. */
  static final long MOST_WORK = 1L << 30;

  private static final long MOST_LAYERS = 64; // of a frame for which that is little

  private final int width;
  private final int height;
  private final Layout.Overlap overlap;
  private final byte[] pixels;
  private final long mostWork;
  private long work;

  Painter(int width, int height, Layout.Overlap overlap) {
    this(width, height, overlap, Math.max(MOST_WORK, MOST_LAYERS * width * height));
  }

  /**
   * @param mostWork pixels that all shapes and their boxes together may cover
   */
  Painter(int width, int height, Layout.Overlap overlap, long mostWork) {
    this.mostWork = mostWork;
    this.width = width;
    this.height = height;
    this.overlap = overlap;
    this.pixels = new byte[width * height];
  }

  /** Over what is there, by the rule for overlaps. */
  void paint(Shape shape, int label) {
    draw(
        shape,
        (start, step, count) -> {
          for (int i = start, n = 0; n < count; i += step, n++) {
            pixel(i, label);
          }
        });
  }

  /** Ignores a shape's pixels where nothing is painted yet. */
  void ignoreUnder(Shape shape) {
    draw(
        shape,
        (start, step, count) -> {
          for (int i = start, n = 0; n < count; i += step, n++) {
            if (pixels[i] == 0) {
              pixels[i] = (byte) ClassMask.IGNORE;
            }
          }
        });
  }

  /** Ignores pixels, whatever they are, by their row-major indices. */
  void ignore(BitSet ignored) {
    for (int i = ignored.nextSetBit(0); i >= 0; i = ignored.nextSetBit(i + 1)) {
      pixels[i] = (byte) ClassMask.IGNORE;
    }
  }

  /** One pixel by its row-major index. */
  void pixel(int i, int label) {
    byte there = pixels[i];
    byte wanted = (byte) label;
    if (there == 0 || there == wanted) {
      pixels[i] = wanted;
      return;
    }
    pixels[i] =
        switch (overlap) {
          case LAST -> wanted;
          case IGNORE -> (byte) ClassMask.IGNORE;
          case REFUSE ->
              throw new UnreadableImageException(
                  "mask-overlap",
                  "pixel (%d, %d) is of class %d and of class %d; set overlap: last or ignore"
                      .formatted(i % width, i / width, there & 0xff, label));
        };
  }

  private void draw(Shape shape, Shape.Runs sink) {
    spend((long) height + width);
    shape.draw(width, height, new Counted(sink));
  }

  /** Passes runs on for as long as the work is not too much. */
  private final class Counted implements Shape.Runs {
    private final Shape.Runs sink;

    Counted(Shape.Runs sink) {
      this.sink = sink;
    }

    @Override
    public void run(int start, int step, int count) {
      spend(count);
      sink.run(start, step, count);
    }

    @Override
    public void work(long amount) {
      spend(amount);
    }
  }

  private void spend(long amount) {
    work += amount;
    if (work > mostWork) {
      throw new UnreadableImageException(
          "mask-shape",
          "its shapes and their boxes cover more than " + mostWork + " pixels, one over the other");
    }
  }

  ClassMask mask() {
    return new ClassMask(width, height, pixels);
  }
}
