package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * Differentiable bilinear resampling with half-pixel centres and clamped borders, {@code
 * F.interpolate(mode="bilinear", align_corners=False)}: output cell i reads source position (i +
 * ½)·in/out − ½.
 *
 * <p>The engine's own does the same where a map grows and blurs first (antialiasing) where it
 * shrinks, so shrinking is done here by a matrix a side.
 */
final class Bilinear {
  private static final int MODE = 1; // the engine counts 0 nearest, 1 bilinear, 2 area, 3 bicubic

  private Bilinear() {}

  /**
   * @param map [B, C, h, w]
   * @return [B, C, height, width]; the argument itself where it already is that size
   */
  static NDArray resize(NDArray map, long height, long width) {
    Shape shape = map.getShape();
    long tall = shape.get(2);
    long wide = shape.get(3);
    if (tall == height && wide == width) {
      return map;
    }
    if (tall <= height && wide <= width) {
      return map.getNDArrayInternal().interpolation(new long[] {height, width}, MODE, false);
    }
    NDManager manager = map.getManager();
    NDArray rows = map.matMul(shares(manager, (int) wide, (int) width).transpose());
    return shares(manager, (int) tall, (int) height).matMul(rows);
  }

  /** How much of each input cell is in each output cell, [out, in]. */
  private static NDArray shares(NDManager manager, int in, int out) {
    float[] values = new float[out * in];
    double scale = (double) in / out;
    for (int i = 0; i < out; i++) {
      double position = Math.max(0, (i + 0.5) * scale - 0.5);
      int first = Math.min((int) position, in - 1);
      double second = position - first;
      values[i * in + first] += (float) (1 - second);
      values[i * in + Math.min(first + 1, in - 1)] += (float) second;
    }
    return manager.create(values, new Shape(out, in));
  }
}
