package stillhouse.teacher;

import java.nio.FloatBuffer;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;

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

  /**
   * The input tensor's shape.
   *
   * @param frame of the batch's image, or of its first
   */
  long[] shape(InputFrame frame) {
    return switch (input.layout()) {
      case NCHW -> wholeShape();
      case HWC -> new long[] {frame.height(), frame.width(), 3};
    };
  }

  /** The same where an image covers the input whole. */
  long[] wholeShape() {
    return switch (input.layout()) {
      case NCHW -> new long[] {input.batch(), 3, input.height(), input.width()};
      case HWC -> new long[] {input.height(), input.width(), 3};
    };
  }

  /**
   * Puts one image, (scale(pixel) − mean) / std, at the buffer's position.
   *
   * @return what it covers
   */
  InputFrame put(RgbImage image, FloatBuffer into) {
    InputFrame frame = InputFrame.of(input, image.width(), image.height());
    float[] fitted = Images.levels(image, frame.height(), frame.width(), input.shrink()).data();
    Range range = Range.of(input.scale(), fitted);
    int area = frame.height() * frame.width();
    for (int c = 0; c < 3; c++) {
      float factor = range.factor / input.std().get(c);
      float shift = input.mean().get(c) / input.std().get(c) + range.low * factor;
      for (int i = c * area; i < (c + 1) * area; i++) {
        fitted[i] = fitted[i] * factor - shift;
      }
    }
    switch (input.layout()) {
      case NCHW -> putPlanes(fitted, frame, into);
      case HWC -> putPixels(fitted, area, into);
    }
    return frame;
  }

  /** Planes of the whole input; what the image doesn't cover is 0. */
  private void putPlanes(float[] fitted, InputFrame frame, FloatBuffer into) {
    int width = frame.width();
    float[] zeros = new float[input.width()];
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < input.height(); y++) {
        int covered = y < frame.height() ? width : 0;
        int from = covered > 0 ? (c * frame.height() + y) * width : 0;
        into.put(fitted, from, covered);
        into.put(zeros, covered, zeros.length - covered);
      }
    }
  }

  private static void putPixels(float[] fitted, int area, FloatBuffer into) {
    float[] pixels = new float[fitted.length];
    for (int i = 0; i < area; i++) {
      for (int c = 0; c < 3; c++) {
        pixels[3 * i + c] = fitted[c * area + i];
      }
    }
    into.put(pixels);
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
