package stillhouse.teacher;

import java.util.Arrays;
import stillhouse.tensor.FloatTensor;

/**
 * A prompt as points in pixels of the network's input, with SAM's labels. A box is its two corners.
 *
 * @param coords [P, 2], x before y
 * @param labels [P]
 */
record Question(FloatTensor coords, FloatTensor labels) {
  // SAM's labels: no point at all, background and foreground point, corners of a box.
  private static final float PADDING = -1;
  private static final float BACKGROUND = 0;
  private static final float FOREGROUND = 1;
  private static final float TOP_LEFT = 2;
  private static final float BOTTOM_RIGHT = 3;

  static Question of(Prompt prompt, InputFrame frame) {
    float x = frame.scaleX();
    float y = frame.scaleY();
    if (prompt instanceof Prompt.Box box) {
      return of(
          new float[] {box.x0() * x, box.y0() * y, box.x1() * x, box.y1() * y},
          new float[] {TOP_LEFT, BOTTOM_RIGHT});
    }
    var point = (Prompt.Point) prompt;
    return of(
        new float[] {point.x() * x, point.y() * y},
        new float[] {point.foreground() ? FOREGROUND : BACKGROUND});
  }

  /** With the point (0, 0) of label −1 behind, where there is no box. */
  Question padded() {
    if (labels.data()[labels.dim(0) - 1] == BOTTOM_RIGHT) {
      return this;
    }
    int points = labels.dim(0);
    float[] more = Arrays.copyOf(labels.data(), points + 1);
    more[points] = PADDING;
    return of(Arrays.copyOf(coords.data(), 2 * (points + 1)), more);
  }

  /** In other units: factors of x and y. */
  Question scaled(float x, float y) {
    float[] all = coords.data().clone();
    for (int i = 0; i < all.length; i += 2) {
      all[i] *= x;
      all[i + 1] *= y;
    }
    return of(all, labels.data());
  }

  /** The coordinates under as many outer axes of length 1: [1, …, P, 2]. */
  FloatTensor coords(int outerAxes) {
    return nested(coords, outerAxes);
  }

  /** [1, …, P]. */
  FloatTensor labels(int outerAxes) {
    return nested(labels, outerAxes);
  }

  private static FloatTensor nested(FloatTensor tensor, int outerAxes) {
    int[] shape = new int[outerAxes + tensor.rank()];
    Arrays.fill(shape, 1);
    System.arraycopy(tensor.shape(), 0, shape, outerAxes, tensor.rank());
    return new FloatTensor(shape, tensor.data());
  }

  private static Question of(float[] coords, float[] labels) {
    return new Question(
        new FloatTensor(new int[] {labels.length, 2}, coords),
        new FloatTensor(new int[] {labels.length}, labels));
  }
}
