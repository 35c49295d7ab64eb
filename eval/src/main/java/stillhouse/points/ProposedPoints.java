package stillhouse.points;

import java.util.Arrays;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/**
 * Where a student is asked, by its own class logits: nobody points. With z(i) the greatest over
 * classes of the mean logit within cell i of the embedding's grid, p = σ(z), and outside the image
 * p = 0,
 *
 * <pre>
 *   q(i) = ¼ Σ_r mean of p over the (2r+1)² cells around i − i / (256 · cells),   r = 1, 2, 4, 8
 *   e(i) = q(i) where z(i) is above the threshold's logit, else 0
 * </pre>
 *
 * A cell is asked about in its middle where e is positive and greatest among the 5×5 cells around
 * it; of more than K the greatest e. The wide means lead to the middle of objects of any size, the
 * last term of q, i counting row by row, to one cell of a plateau; of equals the first goes first.
 *
 * <p>Source: seed sam2-6mb-student, "a cheap saliency head … provides reliable candidate centers".
 * Ours, since it says no more: the head is that of the class logits, and these formulas, chosen
 * because an ONNX file can hold them too. Immutable.
 */
public final class ProposedPoints {
  /** Cells to each side of a mean. */
  private static final int[] RADII = {1, 2, 4, 8};

  /** Cells to each side within which there is one point. */
  public static final int APART = 2;

  /** Of the greatest q by which a plateau's last cell falls below its first. */
  private static final float SLOPE = 1f / 256;

  private final int[] cells;
  private final int columns;
  private final int stride;

  private ProposedPoints(int[] cells, int columns, int stride) {
    this.cells = cells;
    this.columns = columns;
    this.stride = stride;
  }

  /** r of the means that q is made of. */
  public static int[] radii() {
    return RADII.clone();
  }

  /** What is taken off the mean of each of {@code count} cells. */
  public static float[] slope(int count) {
    float[] slope = new float[count];
    for (int i = 0; i < count; i++) {
      slope[i] = i * SLOPE / count;
    }
    return slope;
  }

  /**
   * @param logits pre-sigmoid, [C, H, W]
   * @param rows of the embedding's grid, of which H is a multiple; columns likewise
   * @throws IllegalArgumentException where they aren't, or there are fewer cells than points
   */
  public static ProposedPoints of(
      FloatTensor logits, int rows, int columns, PointSettings settings) {
    int stride = logits.dim(1) / rows;
    if (stride * rows != logits.dim(1) || stride * columns != logits.dim(2)) {
      throw new IllegalArgumentException(
          "Invalid grid of %d×%d cells for %s (sides must be divided by one stride)"
              .formatted(rows, columns, logits));
    }
    if (settings.points() > rows * columns) {
      throw new IllegalArgumentException(
          "Invalid points: %d (must be at most the %d cells of the embedding)"
              .formatted(settings.points(), rows * columns));
    }
    float[] saliency = saliency(logits, rows, columns, settings.leastLogit());
    return new ProposedPoints(
        greatest(peaks(saliency, rows, columns), settings.points()), columns, stride);
  }

  public int count() {
    return cells.length;
  }

  /** The cell of point {@code k}, row by row. */
  int cell(int k) {
    return cells[k];
  }

  /** In pixels of the input, as {@link #y}. */
  public float x(int k) {
    return middle(cells[k] % columns, stride);
  }

  public float y(int k) {
    return middle(cells[k] / columns, stride);
  }

  /** The middle of a cell, in pixels. */
  public static float middle(int cell, int stride) {
    return (cell + 0.5f) * stride;
  }

  /** e, [rows, columns]. */
  private static float[] saliency(FloatTensor logits, int rows, int columns, float least) {
    float[] z = greatestClass(Resize.area(logits, rows, columns));
    double[] sums = sums(z, rows, columns);
    float[] slope = slope(z.length);
    float[] e = new float[z.length];
    for (int y = 0, i = 0; y < rows; y++) {
      for (int x = 0; x < columns; x++, i++) {
        if (z[i] > least) {
          e[i] = Math.max(0, (float) mean(sums, rows, columns, y, x) - slope[i]);
        }
      }
    }
    return e;
  }

  private static float[] greatestClass(FloatTensor cells) {
    int size = cells.dim(1) * cells.dim(2);
    float[] z = Arrays.copyOf(cells.data(), size);
    for (int c = 1; c < cells.dim(0); c++) {
      for (int i = 0; i < size; i++) {
        z[i] = Math.max(z[i], cells.data()[c * size + i]);
      }
    }
    return z;
  }

  /** The summed-area table of σ(z), [rows + 1, columns + 1]. */
  private static double[] sums(float[] z, int rows, int columns) {
    double[] sums = new double[(rows + 1) * (columns + 1)];
    for (int y = 0; y < rows; y++) {
      double row = 0;
      for (int x = 0; x < columns; x++) {
        row += 1 / (1 + Math.exp(-z[y * columns + x]));
        int at = (y + 1) * (columns + 1) + x + 1;
        sums[at] = sums[at - columns - 1] + row;
      }
    }
    return sums;
  }

  private static double mean(double[] sums, int rows, int columns, int y, int x) {
    double mean = 0;
    for (int r : RADII) {
      int top = Math.max(0, y - r) * (columns + 1);
      int bottom = Math.min(rows, y + r + 1) * (columns + 1);
      int left = Math.max(0, x - r);
      int right = Math.min(columns, x + r + 1);
      double sum =
          sums[bottom + right] - sums[top + right] - sums[bottom + left] + sums[top + left];
      mean += sum / ((2 * r + 1) * (2 * r + 1));
    }
    return mean / RADII.length;
  }

  /** e where it is the greatest around, else 0. */
  private static float[] peaks(float[] e, int rows, int columns) {
    float[] peaks = new float[e.length];
    for (int y = 0, i = 0; y < rows; y++) {
      for (int x = 0; x < columns; x++, i++) {
        if (e[i] > 0 && isGreatest(e, rows, columns, y, x)) {
          peaks[i] = e[i];
        }
      }
    }
    return peaks;
  }

  private static boolean isGreatest(float[] e, int rows, int columns, int y, int x) {
    float own = e[y * columns + x];
    for (int v = Math.max(0, y - APART); v <= Math.min(rows - 1, y + APART); v++) {
      for (int u = Math.max(0, x - APART); u <= Math.min(columns - 1, x + APART); u++) {
        if (e[v * columns + u] > own) {
          return false;
        }
      }
    }
    return true;
  }

  /** The cells of the greatest positive values, {@code most} at most, the greatest first. */
  private static int[] greatest(float[] values, int most) {
    int[] best = new int[most];
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      if (!(values[i] > 0) || count == most && values[i] <= values[best[most - 1]]) {
        continue;
      }
      count = Math.min(most, count + 1);
      int at = count - 1;
      for (; at > 0 && values[best[at - 1]] < values[i]; at--) {
        best[at] = best[at - 1];
      }
      best[at] = i;
    }
    return Arrays.copyOf(best, count);
  }
}
