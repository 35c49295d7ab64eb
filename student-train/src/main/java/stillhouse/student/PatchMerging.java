package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/**
 * Halves the grid between TinyViT's stages: 1×1 to the new width, depthwise 3×3 with stride 2, 1×1.
 * Source: TinyViT (Wu et al., 2022), class PatchMerging.
 */
record PatchMerging(Sequence layers) implements Layer {
  static PatchMerging of(Weights weights, String name, int in, int out, Norm norm) {
    return new PatchMerging(
        Sequence.of(
            new ConvNorm(weights, name + ".widen", Kernel.of(in, out, 1), norm),
            Nonlinearity.GELU,
            new ConvNorm(weights, name + ".depthwise", Kernel.depthwise(out, 3, 2), norm),
            Nonlinearity.GELU,
            new ConvNorm(weights, name + ".mix", Kernel.of(out, out, 1), norm)));
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
