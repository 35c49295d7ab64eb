package stillhouse.teacher;

import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/**
 * How an image lies on a network's input: at the top left, over {@code height}×{@code width} of its
 * pixels, the rest padding. One of the two sides is always covered whole.
 *
 * @param inputHeight of the network's input
 * @param height input rows that the image covers
 * @param imageHeight of the image itself
 */
record InputFrame(
    int inputHeight, int inputWidth, int height, int width, int imageHeight, int imageWidth) {

  static InputFrame of(InputConfig input, int imageWidth, int imageHeight) {
    return of(input.resize(), input.height(), input.width(), imageWidth, imageHeight);
  }

  static InputFrame of(
      InputConfig.Fit resize, int height, int width, int imageWidth, int imageHeight) {
    return switch (resize) {
      case DIRECT -> new InputFrame(height, width, height, width, imageHeight, imageWidth);
      case LONGEST_SIDE -> {
        double scale = Math.min((double) height / imageHeight, (double) width / imageWidth);
        yield new InputFrame(
            height,
            width,
            fitted(imageHeight * scale, height),
            fitted(imageWidth * scale, width),
            imageHeight,
            imageWidth);
      }
    };
  }

  private static int fitted(double side, int whole) {
    return Math.max(1, (int) Math.min(whole, Math.round(side)));
  }

  /** Input pixels of one image pixel, across. */
  float scaleX() {
    return (float) width / imageWidth;
  }

  /** Input pixels of one image pixel, down. */
  float scaleY() {
    return (float) height / imageHeight;
  }

  /** Cuts a map [C, h, w] of the whole input to the cells, rounded up, that the image covers. */
  FloatTensor crop(FloatTensor map) {
    return window(map, 0, 0, rows(map.dim(1)), columns(map.dim(2)));
  }

  /**
   * What {@link #crop} leaves of a map, for a decoder that reads padding too: the band below the
   * image, or right of it where its height is covered whole. It begins with the image's last cells,
   * so it is never empty.
   */
  FloatTensor margin(FloatTensor map) {
    int rows = rows(map.dim(1));
    int columns = columns(map.dim(2));
    return paddedBelow()
        ? window(map, rows - 1, 0, map.dim(1) - rows + 1, map.dim(2))
        : window(map, 0, columns - 1, map.dim(1), map.dim(2) - columns + 1);
  }

  /** The whole map of a {@link #crop} and its {@link #margin}. */
  FloatTensor join(FloatTensor cropped, FloatTensor margin) {
    int rows = cropped.dim(1);
    int columns = cropped.dim(2);
    int height = paddedBelow() ? rows + margin.dim(1) - 1 : margin.dim(1);
    int width = paddedBelow() ? margin.dim(2) : columns + margin.dim(2) - 1;
    float[] whole = new float[cropped.dim(0) * height * width];
    paste(cropped, whole, height, width, 0, 0);
    paste(
        margin,
        whole,
        height,
        width,
        paddedBelow() ? rows - 1 : 0,
        paddedBelow() ? 0 : columns - 1);
    return new FloatTensor(new int[] {cropped.dim(0), height, width}, whole);
  }

  /**
   * Logits [h, w] or [K, h, w] over the whole input, brought to the image's frame: the covered
   * cells, resampled where the image ends within a cell, so that the result's border is the
   * image's.
   */
  FloatTensor cut(FloatTensor logits) {
    if (logits.rank() == 2) {
      int[] one = {1, logits.dim(0), logits.dim(1)};
      FloatTensor image = cut(new FloatTensor(one, logits.data()));
      return new FloatTensor(new int[] {image.dim(1), image.dim(2)}, image.data());
    }
    int h = logits.dim(1);
    int w = logits.dim(2);
    double covered = (double) h * height / inputHeight;
    double across = (double) w * width / inputWidth;
    return Resize.bilinear(logits, covered, across, rows(h), columns(w));
  }

  /** Of h rows of cells over the whole input, those that the image covers at least in part. */
  int rows(int h) {
    return cells(h, height, inputHeight);
  }

  int columns(int w) {
    return cells(w, width, inputWidth);
  }

  private boolean paddedBelow() {
    return height < inputHeight;
  }

  private static int cells(int cells, int covered, int whole) {
    return (int) (((long) cells * covered + whole - 1) / whole);
  }

  private static FloatTensor window(FloatTensor map, int top, int left, int height, int width) {
    if (height == map.dim(1) && width == map.dim(2)) {
      return map;
    }
    float[] out = new float[map.dim(0) * height * width];
    for (int c = 0; c < map.dim(0); c++) {
      for (int y = 0; y < height; y++) {
        int from = (c * map.dim(1) + top + y) * map.dim(2) + left;
        System.arraycopy(map.data(), from, out, (c * height + y) * width, width);
      }
    }
    return new FloatTensor(new int[] {map.dim(0), height, width}, out);
  }

  private static void paste(
      FloatTensor part, float[] whole, int height, int width, int top, int left) {
    int w = part.dim(2);
    for (int c = 0; c < part.dim(0); c++) {
      for (int y = 0; y < part.dim(1); y++) {
        int from = (c * part.dim(1) + y) * w;
        System.arraycopy(part.data(), from, whole, (c * height + top + y) * width + left, w);
      }
    }
  }
}
