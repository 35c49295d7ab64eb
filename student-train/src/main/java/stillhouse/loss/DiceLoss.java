package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * One minus the soft Dice coefficient of a sample, over all its classes and valid pixels together:
 *
 * <pre>
 *   p = v q(s),   L = 1 − 2 Σ p y / (Σ p + Σ v y + 1e-6)
 * </pre>
 *
 * with logits s, one-hot truth y, valid mask v and q the sigmoid, or the foreground's part of the
 * softmax of {@link Categorical} ({@code distribution: softmax}).
 *
 * <p>Shapes: logits and truth [B, K, H, W], valid [B, 1, H, W]. Result [B].
 *
 * <p>Source: seed sam2-6mb-student, {@code _dice_loss}; the valid mask (all ones there) and the
 * softmax are ours.
 *
 * <p>Empty truth: the seed's formula is then the constant 1, without gradient, on every defect-free
 * crop, which only lifts the curve. {@link EmptyTruth#ZERO}, the default, has the same (no)
 * gradient and the value 0, so the curve shows what can be learnt; the absence of a defect is BCE's
 * to teach. A sample without a valid pixel has loss 0 whatever the switch says.
 */
final class DiceLoss implements Loss {
  private static final double EPSILON = 1e-6; // the seed's

  /** What a labelled sample without any foreground is worth. */
  enum EmptyTruth {
    /** 1, the seed's code to the letter. No gradient. */
    @JsonProperty("one")
    ONE,
    /** 0. No gradient. */
    @JsonProperty("zero")
    ZERO,
    /** Σ p / (Σ p + 1): one pixel's worth of smoothing, which presses predictions down. Ours. */
    @JsonProperty("penalised")
    PENALISED
  }

  /**
   * Parameters in a recipe, {@code dice}.
   *
   * @param distribution null: sigmoid; where it says nothing it is no part of a recipe's digest
   */
  record Settings(
      double weight,
      EmptyTruth emptyTruth,
      @JsonInclude(JsonInclude.Include.NON_NULL) Distribution distribution)
      implements LossSettings, Serializable {
    Settings {
      emptyTruth = emptyTruth == null ? EmptyTruth.ZERO : emptyTruth;
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.LABELS);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new DiceLoss(emptyTruth, distribution == null ? Distribution.SIGMOID : distribution);
    }
  }

  private final EmptyTruth emptyTruth;
  private final Distribution distribution;

  DiceLoss(EmptyTruth emptyTruth, Distribution distribution) {
    this.emptyTruth = emptyTruth;
    this.distribution = distribution;
  }

  @Override
  public Supervision supervision() {
    return Supervision.LABELS;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray p = targets.counted(probabilities(student.logits()));
    NDArray y = targets.counted(targets.truth());
    NDArray intersection = FeatureMaps.sumPerSample(p.mul(y));
    NDArray predicted = FeatureMaps.sumPerSample(p);
    NDArray actual = FeatureMaps.sumPerSample(y);
    NDArray dice = Scalar.times(intersection, 2).div(predicted.add(actual).add(EPSILON));
    NDArray loss = dice.neg().add(1);

    NDArray some = positive(actual);
    NDArray empty = positive(targets.countedPixels()).sub(some);
    return switch (emptyTruth) {
      case ONE -> loss.mul(some.add(empty));
      case ZERO -> loss.mul(some);
      case PENALISED -> loss.mul(some).add(predicted.div(predicted.add(1)).mul(empty));
    };
  }

  /** Of the foreground classes, [B, K, H, W]. */
  private NDArray probabilities(NDArray logits) {
    return switch (distribution) {
      case SIGMOID -> Activation.sigmoid(logits);
      case SOFTMAX -> Categorical.logits(logits).softmax(1).get(":, 1:");
    };
  }

  private static NDArray positive(NDArray sums) {
    return sums.gt(0).toType(DataType.FLOAT32, false);
  }
}
