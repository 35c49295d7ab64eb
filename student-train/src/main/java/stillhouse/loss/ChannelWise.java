package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import java.io.Serializable;
import java.util.Optional;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Channel-wise distillation: each channel's map is a distribution over space, and the student's is
 * to be the teacher's:
 *
 * <pre>
 *   φ(y)_i = exp(y_i / T) / Σ_j exp(y_j / T),   L = T²/C Σ_c KL(φ(t_c) ‖ φ(s_c))
 * </pre>
 *
 * <p>{@code cwd} compares logits: student [B, K, H, W]; teacher [B, K, h, w], resized bilinearly
 * (half-pixel centres) as logits. {@code cwd-embedding} compares embeddings: student [B, C_s, h,
 * w], brought beside the teacher's [B, C, g, g] by an {@link EmbeddingAdapter}. Result [B].
 *
 * <p>Source: Shu et al., "Channel-wise Knowledge Distillation for Dense Prediction", ICCV 2021,
 * section "Channel-wise Distillation". Departure: none. A map's level is not compared, only where
 * it is high, so a recipe needs another term (labels) that ties logits to 0. A class of which the
 * teacher sees nothing still has a nearly even distribution, which is compared like any other.
 *
 * <p>The teacher's answer is known at ignored pixels too, so every pixel counts.
 */
final class ChannelWise implements Loss {
  private static final int SPACE = 2;

  /** Parameters in a recipe, {@code cwd}. */
  record Settings(double weight, Double temperature) implements LossSettings, Serializable {
    Settings {
      temperature = temperature == null ? 4.0 : temperature; // the authors' code
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_LOGITS);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new ChannelWise(temperature, Optional.empty());
    }
  }

  /** Parameters in a recipe, {@code cwd-embedding}. */
  record EmbeddingSettings(double weight, Double temperature)
      implements LossSettings, Serializable {
    EmbeddingSettings {
      temperature = temperature == null ? 4.0 : temperature; // as for logits
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_EMBEDDING);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new ChannelWise(
          temperature, Optional.of(EmbeddingAdapter.create(assembly.context(), "cwd-embedding")));
    }
  }

  private final double temperature;
  private final Optional<EmbeddingAdapter> embedding;

  /**
   * @param embedding for a loss on embeddings; empty for one on logits
   */
  ChannelWise(double temperature, Optional<EmbeddingAdapter> embedding) {
    this.temperature = temperature;
    this.embedding = embedding;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray s = embedding.map(e -> e.student(student, targets)).orElse(student.logits());
    NDArray t = embedding.map(e -> e.teacher(targets)).orElseGet(() -> targets.logitsLike(s));
    NDArray logT = softened(t).stopGradient();
    NDArray apart = logT.exp().mul(logT.sub(softened(s)));
    long channels = s.getShape().get(1);
    return Scalar.times(FeatureMaps.sumPerSample(apart), temperature * temperature / channels);
  }

  /** log φ, [B, C, h·w]. */
  private NDArray softened(NDArray map) {
    return FeatureMaps.flat(Scalar.over(map, temperature)).logSoftmax(SPACE);
  }
}
