package stillhouse.teacher;

import java.nio.FloatBuffer;
import java.util.Arrays;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/** Writes images as the network's input and cuts its maps back to the image's own frame. */
final class Preprocessing {
  private final InputConfig input;

  Preprocessing(InputConfig input) {
    this.input = input;
  }

  /** Floats of one image: 3·height·width. */
  int imageSize() {
    return 3 * input.height() * input.width();
  }

  /**
   * Puts one image, RGB planes of (scale(pixel) − mean) / std, at the buffer's position; what the
   * image doesn't cover is 0.
   */
  void put(RgbImage image, FloatBuffer into) {
    int height = fittedHeight(image);
    int width = fittedWidth(image);
    float[] fitted = Resize.bilinear(Images.levels(image), height, width).data();
    float[] row = new float[input.width()];
    for (int c = 0; c < 3; c++) {
      float factor = input.scale().factor / input.std().get(c);
      float shift = input.mean().get(c) / input.std().get(c);
      for (int y = 0; y < input.height(); y++) {
        int covered = y < height ? width : 0;
        int from = (c * height + y) * width;
        for (int x = 0; x < covered; x++) {
          row[x] = fitted[from + x] * factor - shift;
        }
        Arrays.fill(row, covered, row.length, 0f);
        into.put(row);
      }
    }
  }

  /** Cuts a map [C, h, w] of the whole input to the cells, rounded up, that the image covers. */
  FloatTensor crop(FloatTensor map, RgbImage image) {
    int height = cells(map.dim(1), fittedHeight(image), input.height());
    int width = cells(map.dim(2), fittedWidth(image), input.width());
    if (height == map.dim(1) && width == map.dim(2)) {
      return map;
    }
    float[] out = new float[map.dim(0) * height * width];
    for (int c = 0; c < map.dim(0); c++) {
      for (int y = 0; y < height; y++) {
        int from = (c * map.dim(1) + y) * map.dim(2);
        System.arraycopy(map.data(), from, out, (c * height + y) * width, width);
      }
    }
    return new FloatTensor(new int[] {map.dim(0), height, width}, out);
  }

  private static int cells(int cells, int covered, int whole) {
    return (int) (((long) cells * covered + whole - 1) / whole);
  }

  private int fittedHeight(RgbImage image) {
    return fitted(input.height(), image.height(), image);
  }

  private int fittedWidth(RgbImage image) {
    return fitted(input.width(), image.width(), image);
  }

  private int fitted(int whole, int side, RgbImage image) {
    return switch (input.resize()) {
      case DIRECT -> whole;
      case LONGEST_SIDE -> {
        double scale =
            Math.min(
                (double) input.height() / image.height(), (double) input.width() / image.width());
        yield Math.max(1, (int) Math.min(whole, Math.round(side * scale)));
      }
    };
  }
}
