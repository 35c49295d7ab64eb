package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

/**
 * A tensor and a number, where a gradient is wanted.
 *
 * <p>The engine's own {@code x.mul(2)} reads its 2 from a Java buffer that nothing holds after the
 * call, while the graph keeps the tensor over it for backward. A garbage collection in between
 * frees the buffer, and every gradient is multiplied by whatever lies there then, without a word.
 * Here the number lies in the engine's own memory, which the graph does hold. Adding and
 * subtracting a number keep nothing and need none of this. {@code Activation.relu6} does: the
 * gradient of its first call was 0 where a collection came between.
 */
public final class Scalar {
  private Scalar() {}

  /** x · factor. */
  public static NDArray times(NDArray x, double factor) {
    try (NDArray number = number(x, factor)) {
      return x.mul(number);
    }
  }

  /** x / divisor. */
  public static NDArray over(NDArray x, double divisor) {
    try (NDArray number = number(x, divisor)) {
      return x.div(number);
    }
  }

  /** max(x, floor). */
  public static NDArray atLeast(NDArray x, double floor) {
    try (NDArray number = number(x, floor)) {
      return x.maximum(number);
    }
  }

  /** min(x, ceiling). */
  public static NDArray atMost(NDArray x, double ceiling) {
    try (NDArray number = number(x, ceiling)) {
      return x.minimum(number);
    }
  }

  private static NDArray number(NDArray beside, double value) {
    return beside.getManager().full(new Shape(), (float) value);
  }
}
