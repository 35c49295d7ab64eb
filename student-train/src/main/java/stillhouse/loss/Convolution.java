package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import stillhouse.student.Weights;

/**
 * A learnable convolution that keeps the grid (stride 1, zero padding), without normalisation.
 * Trained beside the student and left behind at export.
 *
 * @param weight [out, in, kernel, kernel]
 * @param bias [out]
 */
record Convolution(NDArray weight, NDArray bias) {
  /** Makes {@code <prefix>.weight}, standard deviation √(gain / fanIn), and a zero bias. */
  static Convolution create(
      Weights weights, String prefix, int in, int out, int kernel, double gain) {
    long fanIn = (long) in * kernel * kernel;
    double deviation = Math.sqrt(gain / fanIn);
    return new Convolution(
        weights.normal(prefix + ".weight", deviation, out, in, kernel, kernel),
        weights.constant(prefix + ".bias", 0, out));
  }

  /** [B, in, h, w] to [B, out, h, w]. */
  NDArray apply(NDArray map) {
    long padding = weight.getShape().get(2) / 2;
    return Conv2d.conv2d(map, weight, bias, new Shape(1, 1), new Shape(padding, padding))
        .singletonOrThrow();
  }
}
