package stillhouse.data;

/**
 * The pixels whose centre (x + ½, y + ½) is inside one closed ring by the even-odd rule. A centre
 * on the ring is inside where the ring lies to the left of it or above it, so of two polygons that
 * share an edge exactly one has it. Exact up to the rounding of doubles.
 *
 * @param points x, y, x, y, … in the image's coordinates; the last is joined to the first
 */
record Polygon(double[] points) implements Shape {
  @Override
  public void draw(int width, int height, Runs sink) {
    double top = Double.POSITIVE_INFINITY;
    double bottom = Double.NEGATIVE_INFINITY;
    for (int i = 1; i < points.length; i += 2) {
      top = Math.min(top, points[i]);
      bottom = Math.max(bottom, points[i]);
    }
    int first = from(top, height);
    int last = from(bottom, height) - 1;
    if (first > last) {
      return;
    }
    sink.work((last - first + 1L) * width);
    Parity rows = new Parity(first, last, width);
    int n = points.length;
    for (int i = 0; i < n; i += 2) {
      int j = (i + 2) % n;
      boolean down = points[i + 1] <= points[j + 1];
      cut(rows, down ? i : j, down ? j : i, width, height, sink);
    }
    rows.draw(width, 1, sink);
  }

  /** Where an edge crosses the centres of rows; {@code lo} is the index of its upper end. */
  private void cut(Parity rows, int lo, int hi, int width, int height, Runs sink) {
    double y0 = points[lo + 1];
    double slope = (points[hi] - points[lo]) / (points[hi + 1] - y0); // not used where it is NaN
    int end = from(points[hi + 1], height);
    int begin = from(y0, height);
    sink.work(end - begin);
    for (int y = begin; y < end; y++) {
      rows.toggle(y, from(points[lo] + (y + 0.5 - y0) * slope, width));
    }
  }

  /** The first pixel whose centre is at {@code x} or beyond it, 0…size. */
  private static int from(double x, int size) {
    return (int) Math.max(0, Math.min(size, Math.ceil(x - 0.5)));
  }
}
