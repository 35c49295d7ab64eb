package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/** γ (x − μ) / √(σ² + ε) + β over the channels of each token, [B, L, C]; σ² is the biased one. */
public final class LayerNorm implements Layer {
  private static final float EPSILON = 1e-5f; // PyTorch's default

  private final String name;
  private final int channels;
  private final float epsilon;
  private final NDArray gamma;
  private final NDArray beta;

  public LayerNorm(Weights weights, String name, int channels) {
    this(weights, name, channels, EPSILON);
  }

  public LayerNorm(Weights weights, String name, int channels, float epsilon) {
    this.name = name;
    this.channels = channels;
    this.epsilon = epsilon;
    gamma = weights.constant(name + ".gamma", 1, channels);
    beta = weights.constant(name + ".beta", 0, channels);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return ai.djl.nn.norm.LayerNorm.layerNorm(x, new Shape(channels), gamma, beta, epsilon)
        .singletonOrThrow();
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return graph.node(
        "LayerNormalization",
        List.of(
            input,
            graph.tensor(name + ".gamma", gamma.toFloatArray(), channels),
            graph.tensor(name + ".beta", beta.toFloatArray(), channels)),
        OnnxAttributes.integer("axis", -1),
        OnnxAttributes.real("epsilon", epsilon));
  }
}
