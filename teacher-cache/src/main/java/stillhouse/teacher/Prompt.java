package stillhouse.teacher;

import stillhouse.data.View;

/**
 * A question to a promptable teacher about one object of class {@code classId} (1…K), in pixels of
 * the original image.
 */
public sealed interface Prompt {
  int classId();

  /**
   * The same question about a view of the image.
   *
   * @param width of the image as it is, in pixels
   */
  Prompt in(View view, int width, int height);

  /** Corners x0, y0 (inclusive) to x1, y1 (exclusive). */
  record Box(int classId, float x0, float y0, float x1, float y1) implements Prompt {
    @Override
    public Box in(View view, int width, int height) {
      float ax = view.xOf(x0, y0, width, height);
      float ay = view.yOf(x0, y0, width, height);
      float bx = view.xOf(x1, y1, width, height);
      float by = view.yOf(x1, y1, width, height);
      return new Box(
          classId, Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by));
    }
  }

  /** A place between pixels' edges: the middle of the first pixel is (½, ½). */
  record Point(int classId, float x, float y, boolean foreground) implements Prompt {
    @Override
    public Point in(View view, int width, int height) {
      return new Point(
          classId, view.xOf(x, y, width, height), view.yOf(x, y, width, height), foreground);
    }
  }
}
