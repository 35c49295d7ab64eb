package stillhouse.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;

/** An exported file's outputs held against what its network gives. */
public final class OutputDifference {
  /** The largest difference that rounding explains. */
  public static final double TOLERANCE = 1e-3;

  private OutputDifference() {}

  /**
   * The largest absolute difference of any value; NaN where one is.
   *
   * @param network whose the expected is, for messages
   * @throws IllegalStateException where the shapes differ
   */
  public static double largest(
      NDArray expected, OrtSession.Result result, String output, String network) {
    OnnxTensor tensor = (OnnxTensor) result.get(output).orElseThrow();
    Shape shape = new Shape(tensor.getInfo().getShape());
    if (!shape.equals(expected.getShape())) {
      throw new IllegalStateException(
          "The exported %s is %s, the %s's %s"
              .formatted(output, shape, network, expected.getShape()));
    }
    return largest(expected.toFloatArray(), tensor.getFloatBuffer());
  }

  /**
   * The largest absolute difference of any value; NaN where one is.
   *
   * @param theirs as many at least, from 0
   */
  public static double largest(float[] mine, FloatBuffer theirs) {
    double largest = 0;
    for (int i = 0; i < mine.length; i++) {
      // Math.max keeps a NaN, which no comparison would.
      largest = Math.max(largest, Math.abs((double) mine[i] - theirs.get(i)));
    }
    return largest;
  }
}
