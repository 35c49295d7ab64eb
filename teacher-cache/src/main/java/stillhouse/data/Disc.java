package stillhouse.data;

/** The pixels whose centre is at most {@code radius} from (x, y), in the image's coordinates. */
record Disc(double x, double y, double radius) implements Shape {
  @Override
  public void draw(int width, int height, Runs sink) {
    int first = (int) Math.max(0, Math.floor(y - radius - 1));
    int last = (int) Math.min(height - 1, Math.ceil(y + radius));
    for (int row = first; row <= last; row++) {
      double dy = row + 0.5 - y;
      double half = Math.sqrt(Math.max(0, radius * radius - dy * dy));
      int from = (int) Math.max(0, Math.floor(x - half - 1));
      int to = (int) Math.min(width - 1, Math.ceil(x + half));
      while (from <= to && !has(from, dy)) {
        from++;
      }
      while (to >= from && !has(to, dy)) {
        to--;
      }
      if (from <= to) {
        sink.run(row * width + from, 1, to - from + 1);
      }
    }
  }

  private boolean has(int column, double dy) {
    double dx = column + 0.5 - x;
    return dx * dx + dy * dy <= radius * radius;
  }
}
