package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/** (x − mean) / deviation per channel of RGB in 0…1, [B, 3, H, W]. */
final class InputNormalisation implements Layer {
  // ImageNet's channel statistics, the usual choice for photographs.
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

  private final NDArray mean;
  private final NDArray scale;

  /** Fixed numbers: they live in {@code manager} and are no tensors of the network. */
  InputNormalisation(NDManager manager) {
    mean = manager.create(MEAN, new Shape(1, 3, 1, 1));
    scale = manager.create(reciprocal(DEVIATION), new Shape(1, 3, 1, 1));
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return x.sub(mean).mul(scale);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String centred =
        graph.node("Sub", List.of(input, graph.tensor("input.mean", MEAN, 1, 3, 1, 1)));
    return graph.node(
        "Mul", List.of(centred, graph.tensor("input.scale", reciprocal(DEVIATION), 1, 3, 1, 1)));
  }

  private static float[] reciprocal(float[] values) {
    float[] inverse = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      inverse[i] = 1 / values[i];
    }
    return inverse;
  }
}
