package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.StudentOutput;

/**
 * Mean squared error of the student's embedding to the teacher's:
 *
 * <pre>
 *   L = 1/(C g²) Σ_c Σ_i (s_ci − t_ci)²
 * </pre>
 *
 * <p>Shapes: student embedding [B, C_s, h, w], brought beside the teacher's by an {@link
 * EmbeddingAdapter}; teacher embedding [B, C, g, g]. Result [B], in squared units of the teacher's
 * features; it does not grow with resolution or channels.
 *
 * <p>Source: seed kd-sam, "Dual-Loss Feature Alignment", L_MSE between the encoders' outputs.
 * Departure: none for a student of the teacher's channels and grid.
 */
final class EmbeddingMse implements Loss {
  /** Parameters in a recipe, {@code embedding-mse}. */
  record Settings(double weight) implements LossSettings, Serializable {
    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_EMBEDDING);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new EmbeddingMse(assembly.adapter());
    }
  }

  private final EmbeddingAdapter adapter;

  EmbeddingMse(EmbeddingAdapter adapter) {
    this.adapter = adapter;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray apart = adapter.student(student, targets).sub(adapter.teacher(targets));
    return FeatureMaps.meanPerSample(apart.square());
  }
}
