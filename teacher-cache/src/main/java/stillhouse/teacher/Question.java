package stillhouse.teacher;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/**
 * Prompts about one object as points in pixels of the network's input, with SAM's labels. A box is
 * its two corners, behind all points.
 *
 * @param coords [P, 2], x before y
 * @param labels [P]
 * @param before the mask of the round before, logits [h, w]
 */
record Question(FloatTensor coords, FloatTensor labels, Optional<FloatTensor> before) {
  // SAM's labels: no point at all, background and foreground point, corners of a box.
  private static final float PADDING = -1;
  private static final float BACKGROUND = 0;
  private static final float FOREGROUND = 1;
  private static final float TOP_LEFT = 2;
  private static final float BOTTOM_RIGHT = 3;

  static Question of(Prompt prompt, InputFrame frame) {
    return of(
        prompt instanceof Prompt.Box box ? Clicks.of(box) : Clicks.of((Prompt.Point) prompt),
        frame);
  }

  static Question of(Clicks clicks, InputFrame frame) {
    List<Prompt.Point> points = clicks.points();
    int rows = points.size() + (clicks.box().isPresent() ? 2 : 0);
    float[] coords = new float[2 * rows];
    float[] labels = new float[rows];
    for (int i = 0; i < points.size(); i++) {
      coords[2 * i] = points.get(i).x() * frame.scaleX();
      coords[2 * i + 1] = points.get(i).y() * frame.scaleY();
      labels[i] = points.get(i).foreground() ? FOREGROUND : BACKGROUND;
    }
    clicks.box().ifPresent(box -> put(box, frame, coords, labels));
    return of(coords, labels, clicks.before());
  }

  /** In the last two rows. */
  private static void put(Prompt.Box box, InputFrame frame, float[] coords, float[] labels) {
    int row = labels.length - 2;
    coords[2 * row] = box.x0() * frame.scaleX();
    coords[2 * row + 1] = box.y0() * frame.scaleY();
    coords[2 * row + 2] = box.x1() * frame.scaleX();
    coords[2 * row + 3] = box.y1() * frame.scaleY();
    labels[row] = TOP_LEFT;
    labels[row + 1] = BOTTOM_RIGHT;
  }

  /** Whether it is more than one point or one box. */
  boolean isSeveral() {
    return labels.dim(0) > (endsWithBox() ? 2 : 1);
  }

  private boolean endsWithBox() {
    return labels.data()[labels.dim(0) - 1] == BOTTOM_RIGHT;
  }

  /** Whether it is one foreground point and nothing else. */
  boolean isLonePoint() {
    return labels.dim(0) == 1 && labels.data()[0] == FOREGROUND && before.isEmpty();
  }

  /**
   * With a box behind all points.
   *
   * @param box in pixels of the network's input
   */
  Question with(Prompt.Box box) {
    int points = labels.dim(0);
    float[] all = Arrays.copyOf(coords.data(), 2 * (points + 2));
    all[2 * points] = box.x0();
    all[2 * points + 1] = box.y0();
    all[2 * points + 2] = box.x1();
    all[2 * points + 3] = box.y1();
    float[] more = Arrays.copyOf(labels.data(), points + 2);
    more[points] = TOP_LEFT;
    more[points + 1] = BOTTOM_RIGHT;
    return of(all, more, before);
  }

  /** With the point (0, 0) of label −1 behind, where there is no box. */
  Question padded() {
    if (endsWithBox()) {
      return this;
    }
    int points = labels.dim(0);
    float[] more = Arrays.copyOf(labels.data(), points + 1);
    more[points] = PADDING;
    return of(Arrays.copyOf(coords.data(), 2 * (points + 1)), more, before);
  }

  /** In other units: factors of x and y. */
  Question scaled(float x, float y) {
    float[] all = coords.data().clone();
    for (int i = 0; i < all.length; i += 2) {
      all[i] *= x;
      all[i + 1] *= y;
    }
    return of(all, labels.data(), before);
  }

  /** The coordinates under as many outer axes of length 1: [1, …, P, 2]. */
  FloatTensor coords(int outerAxes) {
    return nested(coords, outerAxes);
  }

  /** [1, …, P]. */
  FloatTensor labels(int outerAxes) {
    return nested(labels, outerAxes);
  }

  /**
   * The mask of the round before, zeros where there is none: [1, 1, height, width]. One half as
   * fine, of a decoder that enlarges once where SAM's does twice, is brought to this size
   * bilinearly.
   *
   * @throws IllegalArgumentException where it has another size
   */
  FloatTensor mask(int height, int width) {
    int[] shape = {1, 1, height, width};
    if (before.isEmpty()) {
      return new FloatTensor(shape, new float[height * width]);
    }
    FloatTensor mask = before.get();
    if (mask.rank() == 2 && 2 * mask.dim(0) == height && 2 * mask.dim(1) == width) {
      FloatTensor map = new FloatTensor(new int[] {1, mask.dim(0), mask.dim(1)}, mask.data());
      return new FloatTensor(shape, Resize.bilinear(map, height, width).data());
    }
    if (mask.rank() != 2 || mask.dim(0) != height || mask.dim(1) != width) {
      throw new IllegalArgumentException(
          "Invalid mask of the round before: %s (must be [%d, %d], as this teacher gave it)"
              .formatted(mask, height, width));
    }
    return new FloatTensor(shape, mask.data());
  }

  /** 1 where there is a mask of the round before, else 0: [1]. */
  FloatTensor hasMask() {
    return new FloatTensor(new int[] {1}, new float[] {before.isPresent() ? 1 : 0});
  }

  private static FloatTensor nested(FloatTensor tensor, int outerAxes) {
    int[] shape = new int[outerAxes + tensor.rank()];
    Arrays.fill(shape, 1);
    System.arraycopy(tensor.shape(), 0, shape, outerAxes, tensor.rank());
    return new FloatTensor(shape, tensor.data());
  }

  private static Question of(float[] coords, float[] labels, Optional<FloatTensor> before) {
    return new Question(
        new FloatTensor(new int[] {labels.length, 2}, coords),
        new FloatTensor(new int[] {labels.length}, labels),
        before);
  }
}
