package stillhouse.teacher;

import stillhouse.tensor.FloatTensor;

/**
 * Boxes of what may be an object of an image, one a cell, row by row. Immutable.
 *
 * <p>Unit: pixels of the network's input, cut to the image on it.
 */
final class Proposals {
  private final float[] scores; // by cell
  private final float[] boxes; // by cell: x0, y0, x1, y1

  private Proposals(float[] scores, float[] boxes) {
    this.scores = scores;
    this.boxes = boxes;
  }

  /**
   * @param scores probabilities that a cell is an object's, [1, 1, h, w]
   * @param distances from the cell's middle to the left, top, right and bottom, in cells, [1, 4, h,
   *     w]
   * @throws TeacherException where the shapes do not fit, or a value is not finite
   */
  static Proposals of(FloatTensor scores, FloatTensor distances, InputFrame frame) {
    requireFit(scores, distances);
    int rows = scores.dim(2);
    int columns = scores.dim(3);
    float tall = (float) frame.inputHeight() / rows;
    float wide = (float) frame.inputWidth() / columns;
    float[] d = distances.data();
    int cells = rows * columns;
    float[] boxes = new float[4 * cells];
    for (int i = 0; i < cells; i++) {
      float x = (i % columns + 0.5f) * wide;
      float y = (i / columns + 0.5f) * tall;
      boxes[4 * i] = within(x - d[i] * wide, frame.width());
      boxes[4 * i + 1] = within(y - d[cells + i] * tall, frame.height());
      boxes[4 * i + 2] = within(x + d[2 * cells + i] * wide, frame.width());
      boxes[4 * i + 3] = within(y + d[3 * cells + i] * tall, frame.height());
    }
    return new Proposals(scores.data().clone(), boxes);
  }

  private static float within(float at, int side) {
    return Math.max(0, Math.min(side, at));
  }

  private static void requireFit(FloatTensor scores, FloatTensor distances) {
    boolean fits =
        scores.rank() == 4
            && distances.rank() == 4
            && scores.dim(0) == 1
            && scores.dim(1) == 1
            && distances.dim(0) == 1
            && distances.dim(1) == 4
            && scores.dim(2) == distances.dim(2)
            && scores.dim(3) == distances.dim(3);
    if (!fits) {
      throw new TeacherException(
          "Cannot read proposals: scores %s, distances %s (must be [1, 1, h, w] and [1, 4, h, w])"
              .formatted(scores, distances));
    }
    requireFinite("scores", scores);
    requireFinite("distances", distances);
  }

  private static void requireFinite(String what, FloatTensor values) {
    for (float v : values.data()) {
      if (!Float.isFinite(v)) {
        throw new TeacherException(
            "Cannot read proposals: %s hold %s (must be finite)".formatted(what, v));
      }
    }
  }

  int count() {
    return scores.length;
  }

  float score(int i) {
    return scores[i];
  }

  float x0(int i) {
    return boxes[4 * i];
  }

  float y0(int i) {
    return boxes[4 * i + 1];
  }

  float x1(int i) {
    return boxes[4 * i + 2];
  }

  float y1(int i) {
    return boxes[4 * i + 3];
  }

  boolean holds(int i, float x, float y) {
    return x0(i) <= x && x <= x1(i) && y0(i) <= y && y <= y1(i);
  }

  /** The square of the distance of a box's middle from a place. */
  double distance(int i, float x, float y) {
    double dx = ((double) x0(i) + x1(i)) / 2 - x;
    double dy = ((double) y0(i) + y1(i)) / 2 - y;
    return dx * dx + dy * dy;
  }
}
