package stillhouse.tensor;

/** Resampling of [C, h, w] maps. */
public final class Resize {
  private Resize() {}

  /**
   * Bilinear with half-pixel centres and clamped borders, as {@code F.interpolate(mode="bilinear",
   * align_corners=False)}: output cell i reads source position (i + ½)·in/out − ½.
   */
  public static FloatTensor bilinear(FloatTensor map, int height, int width) {
    return bilinear(map, map.dim(1), map.dim(2), height, width);
  }

  /**
   * The same of the map's top left part alone.
   *
   * @param coveredHeight rows of that part; may end within a row
   * @param coveredWidth its columns
   */
  public static FloatTensor bilinear(
      FloatTensor map, double coveredHeight, double coveredWidth, int height, int width) {
    int channels = map.dim(0);
    int inHeight = map.dim(1);
    int inWidth = map.dim(2);
    boolean whole = coveredHeight == inHeight && coveredWidth == inWidth;
    if (whole && inHeight == height && inWidth == width) {
      return map;
    }
    Axis columns = new Axis(inWidth, coveredWidth, width);
    Axis rows = new Axis(inHeight, coveredHeight, height);
    float[] in = map.data();
    float[] out = new float[channels * height * width];
    int o = 0;
    for (int c = 0; c < channels; c++) {
      int plane = c * inHeight * inWidth;
      for (int y = 0; y < height; y++) {
        int row0 = plane + rows.first[y] * inWidth;
        int row1 = plane + rows.second[y] * inWidth;
        float v = rows.share[y];
        for (int x = 0; x < width; x++) {
          int x0 = columns.first[x];
          int x1 = columns.second[x];
          float u = columns.share[x];
          float upper = in[row0 + x0] + u * (in[row0 + x1] - in[row0 + x0]);
          float lower = in[row1 + x0] + u * (in[row1 + x1] - in[row1 + x0]);
          out[o++] = upper + v * (lower - upper);
        }
      }
    }
    return new FloatTensor(new int[] {channels, height, width}, out);
  }

  /**
   * The mean over each output cell's exact area: the way to a coarser grid that loses no energy to
   * sampling.
   *
   * @throws IllegalArgumentException where the output is finer than the input
   */
  public static FloatTensor area(FloatTensor map, int height, int width) {
    return area(map, map.dim(1), map.dim(2), height, width);
  }

  /**
   * The same of the map's top left part alone.
   *
   * @param coveredHeight rows of that part; may end within a row
   * @param coveredWidth its columns
   */
  public static FloatTensor area(
      FloatTensor map, double coveredHeight, double coveredWidth, int height, int width) {
    int channels = map.dim(0);
    int inHeight = map.dim(1);
    int inWidth = map.dim(2);
    if (height > coveredHeight || width > coveredWidth) {
      throw new IllegalArgumentException(
          "Invalid area resize: "
              + cells(coveredHeight)
              + "×"
              + cells(coveredWidth)
              + " to the finer "
              + height
              + "×"
              + width);
    }
    boolean whole = coveredHeight == inHeight && coveredWidth == inWidth;
    if (whole && inHeight == height && inWidth == width) {
      return map;
    }
    float[] in = map.data();
    float[] out = new float[channels * height * width];
    double cellHeight = coveredHeight / height;
    double cellWidth = coveredWidth / width;
    int o = 0;
    for (int c = 0; c < channels; c++) {
      int plane = c * inHeight * inWidth;
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          out[o++] =
              (float)
                  (sum(
                          in,
                          plane,
                          inWidth,
                          y * cellHeight,
                          (y + 1) * cellHeight,
                          x * cellWidth,
                          (x + 1) * cellWidth)
                      / (cellHeight * cellWidth));
        }
      }
    }
    return new FloatTensor(new int[] {channels, height, width}, out);
  }

  private static String cells(double covered) {
    return covered == Math.rint(covered) ? Long.toString((long) covered) : Double.toString(covered);
  }

  private static double sum(
      float[] in, int plane, int stride, double y0, double y1, double x0, double x1) {
    double total = 0;
    for (int y = (int) y0; y < y1 - 1e-9; y++) { // 1e-9: a cell touched by rounding only
      double tall = Math.min(y + 1, y1) - Math.max(y, y0);
      for (int x = (int) x0; x < x1 - 1e-9; x++) {
        double wide = Math.min(x + 1, x1) - Math.max(x, x0);
        total += tall * wide * in[plane + y * stride + x];
      }
    }
    return total;
  }
}
