package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/** Layers of tokens, [B, L, C], at the positions of a map [B, C, height, width]. */
record Tokens(int channels, int height, int width, Layer layers) implements Layer {
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
