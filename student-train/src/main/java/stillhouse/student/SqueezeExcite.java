package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/**
 * Scales each channel of [B, C, height, width] by σ(W₂ relu(W₁ m)), m the channels' means over
 * space. Source: squeeze-and-excitation networks (Hu et al., 2018), with the width that RepViT
 * gives W₁: a quarter of C, rounded to a multiple of {@link #DIVISOR}.
 */
final class SqueezeExcite implements Layer {
  private static final int REDUCTION = 4;
  private static final int DIVISOR = 8; // published models keep widths that hardware likes

  private final int channels;
  private final int cells;
  private final Sequence gate;

  SqueezeExcite(Weights weights, String name, int channels, int height, int width) {
    this.channels = channels;
    cells = height * width;
    int narrow = Math.max(DIVISOR, (channels / REDUCTION + DIVISOR / 2) / DIVISOR * DIVISOR);
    gate =
        Sequence.of(
            Convolution.biased(weights, name + ".narrow", Kernel.of(channels, narrow, 1), 1),
            Nonlinearity.RELU,
            Convolution.biased(weights, name + ".widen", Kernel.of(narrow, channels, 1), 1));
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray means = x.reshape(-1, channels, cells).mean(new int[] {2}).reshape(-1, channels, 1, 1);
    return x.mul(Activation.sigmoid(gate.forward(means, training)));
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String means = graph.node("GlobalAveragePool", List.of(input));
    String shares = graph.node("Sigmoid", List.of(gate.export(graph, means)));
    return graph.node("Mul", List.of(input, shares));
  }
}
