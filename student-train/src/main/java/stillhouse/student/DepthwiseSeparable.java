package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/** A depthwise 3×3 and a pointwise convolution, each normalised, the activation between them. */
record DepthwiseSeparable(Sequence layers) implements Layer {
  static DepthwiseSeparable of(
      Weights weights, String name, int in, int out, Norm norm, Nonlinearity activation) {
    return new DepthwiseSeparable(
        Sequence.of(
            new ConvNorm(weights, name + ".depthwise", Kernel.depthwise(in, 3, 1), norm),
            activation,
            new ConvNorm(weights, name + ".pointwise", Kernel.of(in, out, 1), norm)));
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return layers.forward(x, training);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return layers.export(graph, input);
  }
}
