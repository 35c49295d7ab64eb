package stillhouse.structure;

import stillhouse.tensor.FloatTensor;

/**
 * E, C and D of a feature map F: [C, H, W].
 *
 * <p>J(i) = Σ_c ∇F_c(i) ∇F_c(i)ᵀ = [[a, b], [b, c]], ∇ by the unnormalised 3×3 Sobel pair on the
 * map reflected at its border (the border cell itself not repeated).
 *
 * <ul>
 *   <li>E = λ1 − λ2 = hypot(a − c, 2b)
 *   <li>C = √(λ1 λ2) = √max(0, ac − b²)
 *   <li>D(i) = mean_j ‖F(j) − mean_j F(j)‖² over the (2r+1)² window's cells inside the image
 * </ul>
 *
 * Each channel's first value is subtracted before anything else, so that a constant map is exactly
 * zero and D's difference of sums loses no digits to a common offset. All sums are in double.
 * Source: seed sard, "Geometric Complexity" and "Spatial Density". Time O(C·H·W) whatever r.
 */
public final class StructureTensor {
  /** Part of every structure key: changes whenever the same features would give other maps. */
  public static final int OPERATOR_VERSION = 1;

  private final int height;
  private final int width;
  private final int radius;

  private final double[] xx; // a
  private final double[] xy; // b
  private final double[] yy; // c
  private final double[] squares; // Σ_c F_c²
  private final double[] squaredMean; // Σ_c (window mean of F_c)²

  private StructureTensor(int height, int width, int radius) {
    this.height = height;
    this.width = width;
    this.radius = radius;
    xx = new double[height * width];
    xy = new double[height * width];
    yy = new double[height * width];
    squares = new double[height * width];
    squaredMean = new double[height * width];
  }

  /**
   * @param features [C, H, W], finite
   * @param radius r of D's window, in cells, >= 0
   */
  public static StructureMaps maps(FloatTensor features, int radius) {
    if (features.rank() != 3 || features.data().length == 0) {
      throw new IllegalArgumentException("Invalid features: " + features + " (must be [C, H, W])");
    }
    if (radius < 0) {
      throw new IllegalArgumentException("Invalid radius: " + radius + " (must be >= 0)");
    }
    var sums = new StructureTensor(features.dim(1), features.dim(2), radius);
    double[] plane = new double[sums.height * sums.width];
    double[] mean = new double[plane.length];
    for (int c = 0; c < features.dim(0); c++) {
      centre(features, c, plane);
      sums.addGradients(plane);
      sums.addDispersion(plane, mean);
    }
    return sums.result();
  }

  private static void centre(FloatTensor features, int channel, double[] plane) {
    float[] data = features.data();
    int start = channel * plane.length;
    double first = data[start];
    for (int i = 0; i < plane.length; i++) {
      plane[i] = data[start + i] - first;
      if (!Double.isFinite(plane[i])) {
        throw new IllegalArgumentException(
            "Invalid features: "
                + data[start + i]
                + " in channel "
                + channel
                + ", cell "
                + i
                + ", first value "
                + first
                + " (must be finite)");
      }
    }
  }

  private void addGradients(double[] f) {
    for (int y = 0; y < height; y++) {
      int up = reflect(y - 1, height) * width;
      int down = reflect(y + 1, height) * width;
      int row = y * width;
      for (int x = 0; x < width; x++) {
        int left = reflect(x - 1, width);
        int right = reflect(x + 1, width);
        double falling = f[down + right] - f[up + left];
        double rising = f[up + right] - f[down + left];
        double gx = falling + rising + 2 * (f[row + right] - f[row + left]);
        double gy = falling - rising + 2 * (f[down + x] - f[up + x]);
        xx[row + x] += gx * gx;
        xy[row + x] += gx * gy;
        yy[row + x] += gy * gy;
      }
    }
  }

  private void addDispersion(double[] f, double[] mean) {
    windowMean(f, mean);
    for (int i = 0; i < f.length; i++) {
      squares[i] += f[i] * f[i];
      squaredMean[i] += mean[i] * mean[i];
    }
  }

  /** The mean over each cell's window, clipped to the image: a sliding sum a column, then rows. */
  private void windowMean(double[] f, double[] mean) {
    double[] columns = new double[width];
    double[] before = new double[width + 1]; // before[x] = Σ columns left of x
    for (int y = 0; y < Math.min(radius, height); y++) {
      slide(columns, f, y, 1);
    }
    for (int y = 0; y < height; y++) {
      if (y + (long) radius < height) {
        slide(columns, f, y + radius, 1);
      }
      if (y > radius) {
        slide(columns, f, y - radius - 1, -1);
      }
      for (int x = 0; x < width; x++) {
        before[x + 1] = before[x] + columns[x];
      }
      int tall = extent(y, height);
      for (int x = 0; x < width; x++) {
        int left = Math.max(0, x - radius);
        int wide = extent(x, width);
        mean[y * width + x] = (before[left + wide] - before[left]) / ((double) tall * wide);
      }
    }
  }

  private void slide(double[] columns, double[] f, int y, int sign) {
    for (int x = 0; x < width; x++) {
      columns[x] += sign * f[y * width + x];
    }
  }

  /** Cells of the window around {@code i} that lie inside 0…n−1. */
  private int extent(int i, int n) {
    return (int) (Math.min(n - 1L, i + (long) radius) - Math.max(0, i - radius) + 1);
  }

  private StructureMaps result() {
    float[] e = new float[xx.length];
    float[] c = new float[xx.length];
    float[] d = new float[xx.length];
    double[] meanSquare = new double[xx.length];
    windowMean(squares, meanSquare);
    for (int i = 0; i < e.length; i++) {
      e[i] = (float) Math.hypot(xx[i] - yy[i], 2 * xy[i]);
      c[i] = (float) Math.sqrt(Math.max(0, xx[i] * yy[i] - xy[i] * xy[i]));
      d[i] = (float) Math.max(0, meanSquare[i] - squaredMean[i]);
    }
    return new StructureMaps(map(e), map(c), map(d));
  }

  private FloatTensor map(float[] values) {
    return new FloatTensor(new int[] {height, width}, values);
  }

  /** −1 reads 1 and n reads n − 2; a single cell reads itself. */
  private static int reflect(int i, int n) {
    if (n == 1) {
      return 0;
    }
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
  }
}
