package stillhouse.teacher;

import java.nio.FloatBuffer;
import java.util.Arrays;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;
import stillhouse.tensor.Resize;

/** Writes images as the network's input. */
final class Preprocessing {
  private final InputConfig input;

  Preprocessing(InputConfig input) {
    this.input = input;
  }

  /** Floats of one image: 3·height·width. */
  int imageSize() {
    return 3 * input.height() * input.width();
  }

  InputFrame frame(RgbImage image) {
    return InputFrame.of(input, image.width(), image.height());
  }

  /**
   * Puts one image, RGB planes of (scale(pixel) − mean) / std, at the buffer's position; what the
   * image doesn't cover is 0.
   */
  void put(RgbImage image, FloatBuffer into) {
    InputFrame frame = frame(image);
    float[] fitted = Resize.bilinear(Images.levels(image), frame.height(), frame.width()).data();
    Range range = Range.of(input.scale(), fitted);
    float[] row = new float[input.width()];
    for (int c = 0; c < 3; c++) {
      float factor = range.factor / input.std().get(c);
      float shift = input.mean().get(c) / input.std().get(c) + range.low * factor;
      for (int y = 0; y < input.height(); y++) {
        int covered = y < frame.height() ? frame.width() : 0;
        int from = (c * frame.height() + y) * frame.width();
        for (int x = 0; x < covered; x++) {
          row[x] = fitted[from + x] * factor - shift;
        }
        Arrays.fill(row, covered, row.length, 0f);
        into.put(row);
      }
    }
  }

  /** scale(level) = (level − low) · factor; an image of one level is 0. */
  private record Range(float low, float factor) {
    static Range of(InputConfig.Scale scale, float[] levels) {
      return switch (scale) {
        case UNIT -> new Range(0, 1 / 255f);
        case BYTE -> new Range(0, 1);
        case MIN_MAX -> own(levels);
      };
    }

    private static Range own(float[] levels) {
      float low = levels[0];
      float high = levels[0];
      for (float v : levels) {
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
      return new Range(low, high > low ? 1 / (high - low) : 0);
    }
  }
}
