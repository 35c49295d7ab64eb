package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/**
 * LayerNorm, widen, GELU, narrow at each position of [B, C, height, width]. Source: TinyViT (Wu et
 * al., 2022), class Mlp.
 */
final class TokenMlp implements Layer {
  private static final int EXPANSION = 4; // the published ratio

  private final int channels;
  private final int height;
  private final int width;
  private final Sequence layers;

  TokenMlp(Weights weights, String name, int channels, int height, int width) {
    this.channels = channels;
    this.height = height;
    this.width = width;
    layers =
        Sequence.of(
            new LayerNorm(weights, name + ".norm", channels),
            new Linear(weights, name + ".widen", channels, channels * EXPANSION),
            Nonlinearity.GELU,
            new Linear(weights, name + ".narrow", channels * EXPANSION, channels));
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray tokens = x.reshape(-1, channels, (long) height * width).transpose(0, 2, 1);
    return layers.forward(tokens, training).transpose(0, 2, 1).reshape(-1, channels, height, width);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String flat = graph.reshape(input, -1, channels, (long) height * width);
    String tokens = layers.export(graph, graph.transpose(flat, 0, 2, 1));
    return graph.reshape(graph.transpose(tokens, 0, 2, 1), -1, channels, height, width);
  }
}
