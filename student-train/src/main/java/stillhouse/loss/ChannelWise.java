package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import java.io.Serializable;
import java.util.Set;
import java.util.function.BiFunction;
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
      temperature = temperature == null ? 4.0 : temperature; // as descendants of the authors' code
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_LOGITS);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new ChannelWise(temperature, ChannelWise::logits);
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
          temperature, embeddings(EmbeddingAdapter.create(assembly.context(), "cwd-embedding")));
    }
  }

  /** Two maps of one shape. */
  record Pair(NDArray student, NDArray teacher) {}

  private final double temperature;
  private final BiFunction<StudentOutput, Targets, Pair> maps;

  /**
   * @param maps what is compared: {@link #logits} or {@link #embeddings}
   */
  ChannelWise(double temperature, BiFunction<StudentOutput, Targets, Pair> maps) {
    this.temperature = temperature;
    this.maps = maps;
  }

  static Pair logits(StudentOutput student, Targets targets) {
    return new Pair(student.logits(), targets.logitsLike(student.logits()));
  }

  static BiFunction<StudentOutput, Targets, Pair> embeddings(EmbeddingAdapter adapter) {
    return (student, targets) ->
        new Pair(adapter.student(student, targets), adapter.teacher(targets));
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    Pair pair = maps.apply(student, targets);
    NDArray logT = softened(pair.teacher()).stopGradient();
    NDArray apart = logT.exp().mul(logT.sub(softened(pair.student())));
    long channels = pair.student().getShape().get(1);
    return Scalar.times(FeatureMaps.sumPerSample(apart), temperature * temperature / channels);
  }

  /** log φ, [B, C, h·w]. */
  private NDArray softened(NDArray map) {
    return FeatureMaps.flat(Scalar.over(map, temperature)).logSoftmax(SPACE);
  }
}
