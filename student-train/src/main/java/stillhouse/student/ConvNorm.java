package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/**
 * A convolution and its normalisation; one Conv node when exported, the statistics folded into its
 * weight and bias.
 */
final class ConvNorm implements Layer {
  /** The start of a residual branch's scale: small, so that a deep stack starts near identity. */
  static final double BRANCH_GAIN = 0.1;

  private final Convolution convolution;
  private final BatchNorm2d norm;

  ConvNorm(Weights weights, String name, Kernel kernel, Norm norm) {
    this(weights, name, kernel, norm, 1);
  }

  /**
   * @param gain the output's scale at the start: γ with batch normalisation, the weights' against
   *     Kaiming's without
   */
  ConvNorm(Weights weights, String name, Kernel kernel, Norm norm, double gain) {
    this.convolution =
        switch (norm) {
          case BATCH -> Convolution.unbiased(weights, name + ".conv", kernel);
          case NONE -> Convolution.biased(weights, name + ".conv", kernel, gain);
        };
    this.norm =
        switch (norm) {
          case BATCH -> new BatchNorm2d(weights, name + ".norm", kernel.out(), gain);
          case NONE -> null;
        };
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray y = convolution.forward(x, training);
    return norm == null ? y : norm.forward(y, training);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return norm == null
        ? convolution.export(graph, input)
        : convolution.exportFolded(graph, input, norm.scale(), norm.shift());
  }
}
