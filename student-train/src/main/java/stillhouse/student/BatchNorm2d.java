package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.norm.BatchNorm;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/**
 * y = γ (x − μ) / √(σ² + ε) + β per channel of [B, C, H, W]. Training takes μ and the biased σ² of
 * the batch and moves the running mean and the unbiased running variance a tenth of the way, in
 * place and outside the gradient's graph; inference takes the running ones. Source: PyTorch's
 * BatchNorm2d with its defaults.
 */
final class BatchNorm2d implements Layer {
  private static final float EPSILON = 1e-5f;
  // The engine is told the share that stays; PyTorch's own default momentum of 0.1 is what moves.
  private static final float KEPT = 0.9f;

  private final String name;
  private final NDArray gamma;
  private final NDArray beta;
  private final NDArray runningMean;
  private final NDArray runningVariance;

  /**
   * @param gain the start of γ
   */
  BatchNorm2d(Weights weights, String name, int channels, double gain) {
    this.name = name;
    gamma = weights.constant(name + ".gamma", gain, channels);
    beta = weights.constant(name + ".beta", 0, channels);
    runningMean = weights.buffer(name + ".mean", 0, channels);
    runningVariance = weights.buffer(name + ".variance", 1, channels);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return BatchNorm.batchNorm(
            x, runningMean, runningVariance, gamma, beta, 1, KEPT, EPSILON, training)
        .singletonOrThrow();
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    long channels = gamma.getShape().size();
    return graph.node(
        "BatchNormalization",
        List.of(
            input,
            graph.tensor(name + ".gamma", gamma.toFloatArray(), channels),
            graph.tensor(name + ".beta", beta.toFloatArray(), channels),
            graph.tensor(name + ".mean", runningMean.toFloatArray(), channels),
            graph.tensor(name + ".variance", runningVariance.toFloatArray(), channels)),
        OnnxAttributes.real("epsilon", EPSILON));
  }

  /** γ / √(σ² + ε) of the running statistics. */
  double[] scale() {
    float[] g = gamma.toFloatArray();
    float[] v = runningVariance.toFloatArray();
    double[] scale = new double[g.length];
    for (int c = 0; c < g.length; c++) {
      scale[c] = g[c] / Math.sqrt((double) v[c] + EPSILON);
    }
    return scale;
  }

  /** β − μ · {@link #scale()}. */
  double[] shift() {
    float[] b = beta.toFloatArray();
    float[] m = runningMean.toFloatArray();
    double[] shift = scale();
    for (int c = 0; c < b.length; c++) {
      shift[c] = b[c] - m[c] * shift[c];
    }
    return shift;
  }
}
