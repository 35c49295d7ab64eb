package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/** y = x Wᵀ + b over the last axis, W [out, in]. */
public final class Linear implements Layer {
  // The start of transformers' linear layers since ViT.
  private static final double DEVIATION = 0.02;

  private final String name;
  private final int in;
  private final int out;
  private final NDArray weight;
  private final NDArray bias;

  public Linear(Weights weights, String name, int in, int out) {
    this(
        name,
        in,
        out,
        weights.normal(name + ".weight", DEVIATION, out, in),
        weights.constant(name + ".bias", 0, out));
  }

  /** One that starts from normal values of another deviation. */
  public static Linear of(Weights weights, String name, int in, int out, double deviation) {
    return new Linear(
        name,
        in,
        out,
        weights.normal(name + ".weight", deviation, out, in),
        weights.constant(name + ".bias", 0, out));
  }

  /** One that starts from what this one is now. */
  public Linear twin(Weights weights, String otherName) {
    return new Linear(
        otherName,
        in,
        out,
        weights.like(otherName + ".weight", weight),
        weights.like(otherName + ".bias", bias));
  }

  private Linear(String name, int in, int out, NDArray weight, NDArray bias) {
    this.name = name;
    this.in = in;
    this.out = out;
    this.weight = weight;
    this.bias = bias;
  }

  /** y = x Wᵀ. */
  static Linear unbiased(Weights weights, String name, int in, int out) {
    NDArray weight = weights.normal(name + ".weight", DEVIATION, out, in);
    return new Linear(name, in, out, weight, null);
  }

  /** Channels of y. */
  public int outputs() {
    return out;
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return ai.djl.nn.core.Linear.linear(x, weight, bias).singletonOrThrow();
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    double[] ones = new double[out];
    Arrays.fill(ones, 1);
    return exportScaled(graph, input, ones);
  }

  /**
   * Appends scale · (x Wᵀ + b), a factor an output; Wᵀ is what is stored, so nothing transposes.
   */
  public String exportScaled(OnnxGraph graph, String input, double[] scale) {
    float[] w = weight.toFloatArray();
    float[] transposed = new float[w.length];
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        transposed[i * out + o] = (float) (w[o * in + i] * scale[o]);
      }
    }
    String product =
        graph.node("MatMul", List.of(input, graph.tensor(name + ".weight", transposed, in, out)));
    return bias == null ? product : exportBias(graph, product, scale);
  }

  private String exportBias(OnnxGraph graph, String product, double[] scale) {
    float[] b = bias.toFloatArray();
    for (int o = 0; o < out; o++) {
      b[o] = (float) (b[o] * scale[o]);
    }
    return graph.node("Add", List.of(product, graph.tensor(name + ".bias", b, out)));
  }
}
