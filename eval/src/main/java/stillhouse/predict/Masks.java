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
   * @throws IllegalArgumentException where a logit is not finite
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
    var columns = new Axis(logits.dim(2), width);
    var rows = new Axis(logits.dim(1), height);
    var found = new Positive(logits, columns);
    byte[] classes = new byte[Math.multiplyExact(width, height)];
    for (int y = 0; y < height; y++) {
      int row = y * stride;
      Arrays.fill(best, row, row + width, 0); // a class must be above 0
      for (int c = 0; c < logits.dim(0); c++) {
        int row0 = c * logits.dim(1) + rows.first[y];
        int row1 = c * logits.dim(1) + rows.second[y];
        int from = Math.min(found.from[row0], found.from[row1]);
        int to = Math.max(found.to[row0], found.to[row1]);
        claim(logits, row0, row1, rows.share[y], columns, c + 1, best, row, classes, y, from, to);
      }
    }
    return classes;
  }

  /**
   * Where a source row holds a logit above 0: of the output's columns {@code from} to {@code to},
   * exclusive, of row r of class c at c · h + r. What lies between logits that aren't above 0 isn't
   * either, and of most rows and classes nothing is.
   */
  private static final class Positive {
    final int[] from;
    final int[] to;

    Positive(FloatTensor logits, Axis columns) {
      int width = logits.dim(2);
      int[] begins =
          new int[width]; // by source column: the first column of the output that reads it
      int[] ends = new int[width];
      Arrays.fill(begins, columns.first.length);
      for (int x = columns.first.length - 1; x >= 0; x--) {
        begins[columns.first[x]] = x;
        begins[columns.second[x]] = x;
      }
      for (int x = 0; x < columns.first.length; x++) {
        ends[columns.first[x]] = x + 1;
        ends[columns.second[x]] = x + 1;
      }
      from = new int[logits.dim(0) * logits.dim(1)];
      to = new int[from.length];
      for (int row = 0; row < from.length; row++) {
        from[row] = Integer.MAX_VALUE;
        for (int x = 0; x < width; x++) {
          if (logits.data()[row * width + x] > 0) {
            from[row] = Math.min(from[row], begins[x]);
            to[row] = Math.max(to[row], ends[x]);
          }
        }
      }
    }
  }

  private static void claim(
      FloatTensor logits,
      int upperRow,
      int lowerRow,
      float v,
      Axis columns,
      int classId,
      float[] best,
      int bestRow,
      byte[] classes,
      int y,
      int from,
      int to) {
    float[] in = logits.data();
    int row0 = upperRow * logits.dim(2);
    int row1 = lowerRow * logits.dim(2);
    int out = y * columns.first.length;
    for (int x = from; x < to; x++) {
      int x0 = columns.first[x];
      int x1 = columns.second[x];
      float u = columns.share[x];
      float upper = in[row0 + x0] + u * (in[row0 + x1] - in[row0 + x0]);
      float lower = in[row1 + x0] + u * (in[row1 + x1] - in[row1 + x0]);
      float logit = upper + v * (lower - upper);
      if (logit > best[bestRow + x]) {
        best[bestRow + x] = logit;
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
      if (!Float.isFinite(data[i])) {
        throw new IllegalArgumentException(
            "Invalid logits: "
                + logits
                + " holds "
                + data[i]
                + " at "
                + i
                + " (must be finite: between infinities there is no number to take for a class)");
      }
    }
  }
}
