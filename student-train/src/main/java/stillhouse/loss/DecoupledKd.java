package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Decoupled distillation, pixel by pixel: what a distribution says of the true class, and what it
 * says among the others, each with a weight of its own:
 *
 * <pre>
 *   L = T²/Σ v Σ_i v_i [ α KL(b^T ‖ b^S) + β KL(p̂^T ‖ p̂^S) ]_i
 *   b = (p_y, 1 − p_y),   p̂_k = p_k / (1 − p_y) for k ≠ y
 * </pre>
 *
 * with p the softmax over K + 1 classes of {@link Categorical} of logits / T, y a pixel's class and
 * v the valid mask. α = 1 and β = 1 − p_y^T would be plain distillation.
 *
 * <p>Shapes: student logits [B, K, H, W]; teacher logits [B, K, h, w], resized bilinearly
 * (half-pixel centres) as logits; truth [B, K, H, W], valid [B, 1, H, W]. Result [B].
 *
 * <p>Source: Zhao et al., "Decoupled Knowledge Distillation", CVPR 2022, equation 7, of pixels in
 * place of images. There is nothing to decouple in a sigmoid: it has two classes, so the others are
 * one, p̂ = 1 and the second term 0. That is what is left for K = 1, and why K sigmoids are read as
 * one softmax for K > 1. Ours: {@code target: teacher} takes the teacher's most likely class for y
 * and counts every pixel, so that images without labels are learnt from too.
 *
 * <p>b is computed from the log-odds u = z_y − log Σ_{k≠y} exp z_k, b = (σ(u), σ(−u)), which stays
 * finite where the published code's logarithm of 1 − p_y does not. A sample without a valid pixel
 * has loss 0 and no gradient.
 */
final class DecoupledKd implements Loss {
  private static final int[] CLASSES = {1};

  // Takes the true class out of a softmax: exp(−1000) is 0 in float. The published code's.
  private static final double OUT = 1000;

  /** What a pixel's class is. */
  enum Target {
    /** The ground truth, where there is one. */
    @JsonProperty("labels")
    LABELS,
    /** The class that the teacher holds most likely, everywhere. */
    @JsonProperty("teacher")
    TEACHER
  }

  /**
   * Parameters in a recipe, {@code dkd}.
   *
   * @param alpha of the true class
   * @param beta of the others
   */
  record Settings(double weight, Double alpha, Double beta, Double temperature, Target target)
      implements LossSettings, Serializable {
    Settings {
      alpha = alpha == null ? 1.0 : alpha; // this and the next two: the paper's on CIFAR-100
      beta = beta == null ? 8.0 : beta;
      temperature = temperature == null ? 4.0 : temperature;
      target = target == null ? Target.LABELS : target;
    }

    @Override
    public Set<Need> needs() {
      return switch (target) {
        case LABELS -> Set.of(Need.TEACHER_LOGITS, Need.LABELS);
        case TEACHER -> Set.of(Need.TEACHER_LOGITS);
      };
    }

    @Override
    public Loss create(Assembly assembly) {
      return new DecoupledKd(alpha, beta, temperature, target);
    }
  }

  private final double alpha;
  private final double beta;
  private final double temperature;
  private final Target target;

  DecoupledKd(double alpha, double beta, double temperature, Target target) {
    this.alpha = alpha;
    this.beta = beta;
    this.temperature = temperature;
    this.target = target;
  }

  @Override
  public Supervision supervision() {
    return switch (target) {
      case LABELS -> Supervision.LABELS;
      case TEACHER -> Supervision.TEACHER;
    };
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray s = softened(student.logits());
    NDArray t = softened(targets.logitsLike(student.logits())).stopGradient();
    return switch (target) {
      case LABELS -> {
        NDArray pixel = perPixel(s, t, Categorical.oneHot(targets.truth())).expandDims(1);
        NDArray sum = FeatureMaps.sumPerSample(targets.counted(pixel));
        yield sum.div(Scalar.atLeast(targets.countedPixels(), 1));
      }
      case TEACHER -> FeatureMaps.meanPerSample(perPixel(s, t, Categorical.mostLikely(t)));
    };
  }

  /**
   * T² (α TCKD + β NCKD), [B, H, W], of s and t, logits / T [B, K + 1, H, W]; y one-hot, the same.
   */
  private NDArray perPixel(NDArray s, NDArray t, NDArray y) {
    NDArray others = y.neg().add(1);
    NDArray masked = Scalar.times(y, OUT);
    NDArray s1 = s.sub(masked);
    NDArray t1 = t.sub(masked);
    NDArray logS = s1.logSoftmax(1);
    NDArray logT = t1.logSoftmax(1);
    NDArray own = binary(odds(t, t1, logT, y, others), odds(s, s1, logS, y, others));
    NDArray rest = Categorical.divergence(logT, logS);
    double squared = temperature * temperature;
    return Scalar.times(own, alpha * squared).add(Scalar.times(rest, beta * squared));
  }

  /**
   * u, [B, H, W]. The logarithm of Σ_{k≠y} exp z_k is what log-softmax took from each z_k; its mean
   * over them has the softmax as its gradient, as it should.
   */
  private static NDArray odds(NDArray z, NDArray masked, NDArray log, NDArray y, NDArray others) {
    NDArray sums = masked.sub(log).mul(others).sum(CLASSES);
    NDArray mean = Scalar.over(sums, z.getShape().get(1) - 1);
    return z.mul(y).sum(CLASSES).sub(mean);
  }

  /** KL of (σ(a), σ(−a)) to (σ(b), σ(−b)). */
  private static NDArray binary(NDArray a, NDArray b) {
    NDArray p = Activation.sigmoid(a);
    NDArray entropy = Activation.softPlus(a).sub(p.mul(a));
    return Activation.softPlus(b).sub(p.mul(b)).sub(entropy);
  }

  private NDArray softened(NDArray logits) {
    return Categorical.logits(Scalar.over(logits, temperature));
  }
}
