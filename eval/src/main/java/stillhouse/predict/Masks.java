package stillhouse.predict;

import java.util.Arrays;
import stillhouse.data.ClassMask;
import stillhouse.tensor.Axis;
import stillhouse.tensor.FloatTensor;

/** From logits to the class of each pixel. */
public final class Masks {
  private Masks() {}

  /**
   * Upsamples bilinearly (half-pixel centres, as {@link stillhouse.tensor.Resize#bilinear}, to the
   * bit) and gives each pixel the class of its largest logit where that is positive, else
   * background. Of equal logits the lower class wins. No upsampled plane is kept.
   *
   * @param logits [K, h, w], pre-sigmoid
   * @return classes 0…K, [height, width]
   * @throws IllegalArgumentException where a logit is not a number
   */
  public static ClassMask fromLogits(FloatTensor logits, int width, int height) {
    return new ClassMask(width, height, classes(logits, width, height, new float[width]));
  }

  /**
   * The same, and how sure each pixel's class is.
   *
   * @return margins [height, width]: the largest logit where that is positive, else 0
   */
  static Labelled labelled(FloatTensor logits, int width, int height) {
    float[] margins = new float[Math.multiplyExact(width, height)];
    return new Labelled(
        new ClassMask(width, height, classes(logits, width, height, margins)), margins);
  }

  /**
   * Classes, and of each pixel the largest logit where there was one.
   *
   * @param margins [height, width], row by row; empty where the classes are all that is known
   */
  record Labelled(ClassMask mask, float[] margins) {
    Labelled(ClassMask mask) {
      this(mask, new float[0]);
    }
  }

  /**
   * @param best of 0: room for all rows' best logits, or for one row's, which all rows then share
   */
  private static byte[] classes(FloatTensor logits, int width, int height, float[] best) {
    checkNumbers(logits);
    int stride = best.length == width ? 0 : width;
    int inHeight = logits.dim(1);
    int inWidth = logits.dim(2);
    Axis columns = new Axis(inWidth, width);
    Axis rows = new Axis(inHeight, height);
    byte[] classes = new byte[Math.multiplyExact(width, height)];
    for (int y = 0; y < height; y++) {
      int row = y * stride;
      Arrays.fill(best, row, row + width, 0); // a class must be above 0
      for (int c = 0; c < logits.dim(0); c++) {
        int plane = c * inHeight * inWidth;
        int row0 = plane + rows.first[y] * inWidth;
        int row1 = plane + rows.second[y] * inWidth;
        claim(
            logits.data(),
            row0,
            row1,
            rows.share[y],
            columns,
            c + 1,
            best,
            row,
            classes,
            y * width);
      }
    }
    return classes;
  }

  private static void claim(
      float[] in,
      int row0,
      int row1,
      float v,
      Axis columns,
      int classId,
      float[] best,
      int row,
      byte[] classes,
      int out) {
    for (int x = 0; x < columns.first.length; x++) {
      int x0 = columns.first[x];
      int x1 = columns.second[x];
      float u = columns.share[x];
      float upper = in[row0 + x0] + u * (in[row0 + x1] - in[row0 + x0]);
      float lower = in[row1 + x0] + u * (in[row1 + x1] - in[row1 + x0]);
      float logit = upper + v * (lower - upper);
      if (logit > best[row + x]) {
        best[row + x] = logit;
        classes[out + x] = (byte) classId;
      }
    }
  }

  private static void checkNumbers(FloatTensor logits) {
    if (logits.rank() != 3 || logits.dim(0) > 254) {
      throw new IllegalArgumentException(
          "Invalid logits: " + logits + " (must be [K, h, w] with K from 1 to 254)");
    }
    float[] data = logits.data();
    for (int i = 0; i < data.length; i++) {
      if (Float.isNaN(data[i])) {
        throw new IllegalArgumentException(
            "Invalid logits: "
                + logits
                + " holds NaN at "
                + i
                + "; the network's output is broken");
      }
    }
  }
}
