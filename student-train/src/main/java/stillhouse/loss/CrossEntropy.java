package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Cross-entropy against the ground truth, one choice among K + 1 classes, over the pixels that
 * count:
 *
 * <pre>
 *   L = −1/Σ v Σ_i v_i log p_y(i)
 * </pre>
 *
 * with p the softmax of {@link Categorical}, y a pixel's class and v the valid mask.
 *
 * <p>Shapes: logits and truth [B, K, H, W], valid [B, 1, H, W]. Result [B].
 *
 * <p>Source: the usual loss of exclusive classes, {@code F.cross_entropy(ignore_index=255)} of the
 * logits with a 0 before them. A sample without a valid pixel has loss 0 and no gradient.
 */
final class CrossEntropy implements Loss {
  private static final int[] CLASSES = {1};

  /** Parameters in a recipe, {@code cross-entropy}. */
  record Settings(double weight) implements LossSettings, Serializable {
    @Override
    public Set<Need> needs() {
      return Set.of(Need.LABELS);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new CrossEntropy();
    }
  }

  @Override
  public Supervision supervision() {
    return Supervision.LABELS;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray logP = Categorical.logits(student.logits()).logSoftmax(1);
    NDArray y = targets.counted(Categorical.oneHot(targets.truth()));
    NDArray counted = Scalar.atLeast(targets.countedPixels(), 1);
    return FeatureMaps.sumPerSample(logP.mul(y).sum(CLASSES)).neg().div(counted);
  }
}
