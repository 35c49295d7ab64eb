package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Pixel-wise distillation, half of structured knowledge distillation: at each pixel the student's
 * class distribution is to be the teacher's:
 *
 * <pre>
 *   L = T²/(H·W) Σ_i KL(q(t_i / T) ‖ q(s_i / T))
 * </pre>
 *
 * with q the softmax over K + 1 classes of {@link Categorical}, or, by {@code distribution:
 * sigmoid}, K independent sigmoids, whose divergences add up. For K = 1 both are the same.
 *
 * <p>Shapes: student logits [B, K, H, W]; teacher logits [B, K, h, w], resized bilinearly
 * (half-pixel centres) as logits. Result [B].
 *
 * <p>Source: Liu et al., "Structured Knowledge Distillation for Semantic Segmentation", CVPR 2019,
 * equation 1, with the teacher's distribution first as in the authors' code. Departures: that code
 * leaves out the teacher's entropy (so its curve ends above 0; the gradient is the same) and sums
 * over the batch; the temperature, with T² as Hinton's, is ours and 1 by default.
 *
 * <p>The teacher's answer is known at ignored pixels too, so every pixel counts.
 */
final class PixelWise implements Loss {
  /** Parameters in a recipe, {@code skd-pixel}. */
  record Settings(double weight, Double temperature, Distribution distribution)
      implements LossSettings, Serializable {
    Settings {
      temperature = temperature == null ? 1.0 : temperature; // the paper's
      distribution = distribution == null ? Distribution.SOFTMAX : distribution;
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_LOGITS);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new PixelWise(temperature, distribution);
    }
  }

  private final double temperature;
  private final Distribution distribution;

  PixelWise(double temperature, Distribution distribution) {
    this.temperature = temperature;
    this.distribution = distribution;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray s = student.logits();
    NDArray logT = logarithms(targets.logitsLike(s)).stopGradient();
    NDArray apart = Categorical.divergence(logT, logarithms(s));
    return Scalar.times(FeatureMaps.meanPerSample(apart), temperature * temperature);
  }

  /** log q, [B, K + 1, H, W]; of sigmoids σ and 1 − σ, [B, 2 K, H, W]. */
  private NDArray logarithms(NDArray logits) {
    NDArray z = Scalar.over(logits, temperature);
    return switch (distribution) {
      case SOFTMAX -> Categorical.logits(z).logSoftmax(1);
      case SIGMOID ->
          NDArrays.concat(
              new NDList(Activation.softPlus(z.neg()).neg(), Activation.softPlus(z).neg()), 1);
    };
  }
}
