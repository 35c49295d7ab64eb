package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/**
 * norm(norm₃(k₃ ∗ x) + k₁ ∗ x + b₁ + x): a depthwise 3×3, a depthwise 1×1 and the input itself,
 * summed and normalised. All of it is linear once the statistics stand still, so what is exported
 * is one depthwise 3×3 with a bias that says the same. Source: RepViT (Wang et al., 2023), class
 * RepVGGDW. Departure: always with batch normalisation.
 */
final class RepVggDepthwise implements Layer {
  private static final int SIZE = 3;
  private static final int CENTRE = SIZE * SIZE / 2;

  private final int channels;
  private final Convolution square;
  private final BatchNorm2d squareNorm;
  private final Convolution point;
  private final BatchNorm2d norm;

  RepVggDepthwise(Weights weights, String name, int channels) {
    this.channels = channels;
    square =
        Convolution.unbiased(weights, name + ".square.conv", Kernel.depthwise(channels, SIZE, 1));
    squareNorm = new BatchNorm2d(weights, name + ".square.norm", channels, 1);
    point = Convolution.biased(weights, name + ".point", Kernel.depthwise(channels, 1, 1), 1);
    norm = new BatchNorm2d(weights, name + ".norm", channels, 1);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray wide = squareNorm.forward(square.forward(x, training), training);
    return norm.forward(wide.add(point.forward(x, training)).add(x), training);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    float[] kernel = square.weights();
    float[] centre = point.weights();
    float[] bias = point.biases();
    double[] scale = squareNorm.scale();
    double[] shift = squareNorm.shift();
    double[] outerScale = norm.scale();
    double[] outerShift = norm.shift();
    for (int c = 0; c < channels; c++) {
      for (int k = 0; k < SIZE * SIZE; k++) {
        int i = c * SIZE * SIZE + k;
        double own = kernel[i] * scale[c] + (k == CENTRE ? centre[c] + 1 : 0);
        kernel[i] = (float) (own * outerScale[c]);
      }
      bias[c] = (float) ((shift[c] + bias[c]) * outerScale[c] + outerShift[c]);
    }
    return square.exportWith(graph, input, kernel, bias);
  }
}
