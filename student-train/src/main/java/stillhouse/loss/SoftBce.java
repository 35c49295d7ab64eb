package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Binary cross-entropy against the teacher's softened answer, over all classes and pixels:
 *
 * <pre>
 *   L = 1/(K·H·W) Σ [ softplus(s) − σ(t / T)·s ]
 * </pre>
 *
 * with student logits s, teacher logits t and temperature T. Softplus is log(1 + eˢ), so the term
 * is −y log σ(s) − (1 − y) log(1 − σ(s)) with y = σ(t / T), without overflow.
 *
 * <p>Shapes: student logits [B, K, H, W]; teacher logits [B, K, h, w], resized bilinearly
 * (half-pixel centres) as logits. Result [B].
 *
 * <p>Source: seed sam2-6mb-student, {@code _soft_bce_loss}: the student's logits are not divided
 * and there is no factor T². Ours: {@code studentTemperature: true} divides both by T; still no T²,
 * so the gradient is 1/T of what it is without.
 *
 * <p>The ignore label says that the ground truth is unknown; the teacher's answer is not, so every
 * pixel counts.
 */
final class SoftBce implements Loss {
  /** Parameters in a recipe, {@code soft-bce}. */
  record Settings(double weight, Double temperature, Boolean studentTemperature)
      implements LossSettings, Serializable {
    Settings {
      temperature = temperature == null ? 2.0 : temperature; // the article's T
      studentTemperature = studentTemperature != null && studentTemperature;
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_LOGITS);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new SoftBce(temperature, studentTemperature);
    }
  }

  private final double temperature;
  private final boolean studentTemperature;

  SoftBce(double temperature, boolean studentTemperature) {
    this.temperature = temperature;
    this.studentTemperature = studentTemperature;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray t = targets.logitsLike(student.logits());
    NDArray y = Activation.sigmoid(Scalar.over(t, temperature)).stopGradient();
    NDArray s = studentTemperature ? Scalar.over(student.logits(), temperature) : student.logits();
    return FeatureMaps.meanPerSample(Activation.softPlus(s).sub(y.mul(s)));
  }
}
