package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.StudentOutput;

/**
 * Cosine distance of the student's embedding to the teacher's:
 *
 * <pre>
 *   L = 1 − 1/C Σ_c cos(s_c, t_c),   s_c and t_c a channel's map flattened over space
 * </pre>
 *
 * <p>Shapes: student embedding [B, C_s, h, w], brought beside the teacher's by an {@link
 * EmbeddingAdapter}; teacher embedding [B, C, g, g]. Result [B], in 0…2; it does not grow with
 * resolution.
 *
 * <p>Source: seed sam2-6mb-student, {@code _cosine_feature_loss}. Ours: {@link Axis#CHANNEL}, which
 * compares the channel vectors of each position and takes their mean; {@code centre: true}, which
 * subtracts each channel's mean over space from both sides first, since maps with a large mean are
 * alike whatever they show.
 *
 * <p>Degenerate: a vector of norm ≤ 1e-6 on either side has cosine 0, so its term is 1, and where
 * it is the student's it carries no gradient (the seed's would be 1e12). With {@code centre} that
 * holds for any constant channel.
 */
final class CosineAlignment implements Loss {
  /** Along what two maps are compared. */
  enum Axis {
    @JsonProperty("space")
    SPACE(2),
    @JsonProperty("channel")
    CHANNEL(1);

    private final int index;

    Axis(int index) {
      this.index = index;
    }
  }

  /** Parameters in a recipe, {@code cosine}. */
  record Settings(double weight, Axis axis, Boolean centre) implements LossSettings, Serializable {
    Settings {
      axis = axis == null ? Axis.SPACE : axis;
      centre = centre != null && centre;
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_EMBEDDING);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new CosineAlignment(
          axis, centre, EmbeddingAdapter.create(assembly.context(), "cosine"));
    }
  }

  private final Axis axis;
  private final boolean centre;
  private final EmbeddingAdapter adapter;

  CosineAlignment(Axis axis, boolean centre, EmbeddingAdapter adapter) {
    this.axis = axis;
    this.centre = centre;
    this.adapter = adapter;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray s = FeatureMaps.flat(adapter.student(student, targets));
    NDArray t = FeatureMaps.flat(adapter.teacher(targets));
    if (centre) {
      s = FeatureMaps.centredOverSpace(s);
      t = FeatureMaps.centredOverSpace(t);
    }
    NDArray product = FeatureMaps.unit(s, axis.index).mul(FeatureMaps.unit(t, axis.index));
    return product.sum(new int[] {axis.index}).mean(new int[] {1}).neg().add(1);
  }
}
