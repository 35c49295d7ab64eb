package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/** {@link LayerNorm} over the channels of each cell of [P, C, h, w]. Source: SAM's LayerNorm2d. */
public final class ChannelNorm implements Layer {
  private static final float EPSILON = 1e-6f; // LayerNorm2d's

  private final LayerNorm norm;

  public ChannelNorm(Weights weights, String name, int channels) {
    norm = new LayerNorm(weights, name, channels, EPSILON);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return norm.forward(x.transpose(0, 2, 3, 1), training).transpose(0, 3, 1, 2);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return graph.transpose(norm.export(graph, graph.transpose(input, 0, 2, 3, 1)), 0, 3, 1, 2);
  }
}
