package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import com.fasterxml.jackson.annotation.JsonFormat;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Binary cross-entropy against the ground truth, one sigmoid a class, over the pixels that count:
 *
 * <pre>
 *   L = 1/(K·Σ v) Σ v [ (1 − y) s + (1 + (p_k − 1) y) softplus(−s) ]
 * </pre>
 *
 * with logits s, one-hot truth y, valid mask v and a positive weight p_k a class (default 1, which
 * is the plain −y log σ(s) − (1 − y) log(1 − σ(s))). Softplus(x) is log(1 + eˣ).
 *
 * <p>Shapes: logits and truth [B, K, H, W], valid [B, 1, H, W]. Result [B].
 *
 * <p>Source: seed sard, the BCE of "L_task = Dice + BCE". Ours: the positive weight, as PyTorch's
 * {@code pos_weight}. A sample without a valid pixel has loss 0 and no gradient.
 */
final class BceLoss implements Loss {
  /**
   * Parameters in a recipe, {@code bce}.
   *
   * @param positiveWeight one number for all classes, or one a class; empty: 1
   */
  record Settings(
      double weight,
      @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
          List<Double> positiveWeight)
      implements LossSettings, Serializable {
    Settings {
      positiveWeight = positiveWeight == null ? List.of() : List.copyOf(positiveWeight);
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.LABELS);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new BceLoss(positiveWeight);
    }
  }

  private final List<Double> positiveWeight;

  BceLoss(List<Double> positiveWeight) {
    this.positiveWeight = positiveWeight;
  }

  @Override
  public Supervision supervision() {
    return Supervision.LABELS;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray s = student.logits();
    NDArray y = targets.truth();
    long classes = s.getShape().get(1);
    NDArray each = positiveWeight.isEmpty() ? plain(s, y) : weighted(s, y, weights(s, classes));
    NDArray counted = Scalar.times(targets.countedPixels(), classes);
    return FeatureMaps.sumPerSample(targets.counted(each)).div(Scalar.atLeast(counted, 1));
  }

  /** The bracket where p is 1, in three operations: softplus(s) − y s. */
  private static NDArray plain(NDArray s, NDArray y) {
    return Activation.softPlus(s).sub(y.mul(s));
  }

  private static NDArray weighted(NDArray s, NDArray y, NDArray p) {
    NDArray positive = Activation.softPlus(s.neg()).mul(y.mul(p.sub(1)).add(1));
    return y.neg().add(1).mul(s).add(positive);
  }

  /** p, [1, K, 1, 1]. */
  private NDArray weights(NDArray logits, long classes) {
    if (positiveWeight.size() != 1 && positiveWeight.size() != classes) {
      throw new IllegalArgumentException(
          "Invalid bce.positiveWeight: "
              + positiveWeight
              + " (must be one number, or one for each of "
              + classes
              + " classes)");
    }
    float[] values = new float[positiveWeight.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = positiveWeight.get(i).floatValue();
    }
    return logits.getManager().create(values).reshape(1, values.length, 1, 1);
  }
}
