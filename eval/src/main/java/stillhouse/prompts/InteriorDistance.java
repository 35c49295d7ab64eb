package stillhouse.prompts;

/**
 * How far a region's pixels lie from the nearest pixel outside it: exact Euclidean distances,
 * squared, so whole numbers. What lies outside the image is outside the region.
 *
 * <p>Source: Meijster, Roerdink and Hesselink, "A General Algorithm for Computing Distance
 * Transforms in Linear Time" (2000): distances within each column, then along each row the lower
 * envelope of the parabolas that stand on them. Only the region's bounding box is looked at.
 */
final class InteriorDistance {
  private int left;
  private int top;
  private int columns;
  private int rows;
  private int[] heights =
      new int[0]; // [rows][columns]: to the nearest pixel outside, in the column
  private int[] apexes =
      new int[0]; // of the parabolas that are lowest somewhere, from left to right
  private int[] begins = new int[0]; // the first place where each of them is the lowest

  /**
   * @param pixel in rows of the image; of equals the first
   * @param squared distance; 0 where the region is empty
   */
  record Deepest(int pixel, long squared) {}

  /**
   * The pixel of a region farthest from its edge.
   *
   * @param codes of each pixel, [height, width]; may be longer
   * @param code of the region's
   */
  Deepest deepest(byte[] codes, byte code, int width, int height) {
    frame(codes, code, width, height);
    measureColumns(codes, code, width);
    Deepest deepest = new Deepest(0, 0);
    for (int y = 0; y < rows; y++) {
      Deepest ofRow = deepestOfRow(y);
      if (ofRow.squared > deepest.squared) {
        deepest = new Deepest((top + y) * width + left + ofRow.pixel, ofRow.squared);
      }
    }
    return deepest;
  }

  private void frame(byte[] codes, byte code, int width, int height) {
    left = width;
    top = height;
    int right = 0;
    int bottom = 0;
    for (int y = 0, i = 0; y < height; y++) {
      for (int x = 0; x < width; x++, i++) {
        if (codes[i] == code) {
          left = Math.min(left, x);
          right = Math.max(right, x + 1);
          top = Math.min(top, y);
          bottom = y + 1;
        }
      }
    }
    columns = Math.max(0, right - left);
    rows = Math.max(0, bottom - top);
    if (heights.length < rows * columns) {
      heights = new int[rows * columns];
    }
    if (apexes.length < columns + 2) {
      apexes = new int[columns + 2];
      begins = new int[columns + 2];
    }
  }

  private void measureColumns(byte[] codes, byte code, int width) {
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < columns; x++) {
        boolean inside = codes[(top + y) * width + left + x] == code;
        heights[y * columns + x] = inside ? 1 + heightAt(x, y - 1) : 0;
      }
    }
    for (int y = rows - 1; y >= 0; y--) {
      for (int x = 0; x < columns; x++) {
        heights[y * columns + x] = Math.min(heights[y * columns + x], 1 + heightAt(x, y + 1));
      }
    }
  }

  /** Beside the box everything is outside the region. */
  private int heightAt(int x, int y) {
    boolean within = x >= 0 && x < columns && y >= 0 && y < rows;
    return within ? heights[y * columns + x] : 0;
  }

  /**
   * @return its column in the box
   */
  private Deepest deepestOfRow(int y) {
    int parabola = envelope(y);
    int column = 0;
    long most = 0;
    for (int x = columns; x >= -1; x--) {
      long squared = squared(x, apexes[parabola], y);
      if (squared >= most && squared > 0) {
        most = squared;
        column = x;
      }
      if (x == begins[parabola] && parabola > 0) {
        parabola--;
      }
    }
    return new Deepest(column, most);
  }

  /**
   * @return the last parabola's place
   */
  private int envelope(int y) {
    int last = 0;
    apexes[0] = -1;
    begins[0] = -1;
    for (int u = 0; u <= columns; u++) {
      while (last >= 0 && squared(begins[last], apexes[last], y) > squared(begins[last], u, y)) {
        last--;
      }
      if (last < 0) {
        last = 0;
        apexes[0] = u;
        begins[0] = -1;
        continue;
      }
      long begin = 1 + meeting(apexes[last], u, y);
      if (begin <= columns) {
        last++;
        apexes[last] = u;
        begins[last] = (int) begin;
      }
    }
    return last;
  }

  /** Of a place from the nearest pixel outside that is in column {@code apex}. */
  private long squared(int x, int apex, int y) {
    long across = x - apex;
    long down = heightAt(apex, y);
    return across * across + down * down;
  }

  /**
   * The last place at which the parabola on column {@code i} is no higher than that on {@code u}.
   */
  private long meeting(int i, int u, int y) {
    long lower = heightAt(i, y);
    long upper = heightAt(u, y);
    return Math.floorDiv((long) u * u - (long) i * i + upper * upper - lower * lower, 2L * (u - i));
  }
}
