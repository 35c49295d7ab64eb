package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
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
 * <p>Shapes: student embedding [B, C_s, h, w], brought to the teacher's grid (block means where the
 * factor is an integer, bilinear with half-pixel centres otherwise) and, where C_s ≠ C, through a
 * learnable 1×1 adapter to C channels; teacher embedding [B, C, g, g]. Result [B], in 0…2; it does
 * not grow with resolution.
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
      ObjectiveContext context = assembly.context();
      int from = context.studentChannels();
      int to = context.teacherChannels();
      Convolution adapter =
          from == to
              ? null
              : Convolution.create(context.weights(), "loss.cosine.adapter", from, to, 1, 1);
      return new CosineAlignment(axis, centre, to, adapter);
    }
  }

  private final Axis axis;
  private final boolean centre;
  private final int channels;
  private final Convolution adapter;

  /**
   * @param channels C of the teacher
   * @param adapter null where the student's embedding has C channels
   */
  CosineAlignment(Axis axis, boolean centre, int channels, Convolution adapter) {
    this.axis = axis;
    this.centre = centre;
    this.channels = channels;
    this.adapter = adapter;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray teacher =
        FeatureMaps.requireChannels(targets.teacherEmbedding(), channels, "teacher embedding");
    Shape grid = teacher.getShape();
    NDArray aligned = FeatureMaps.toGrid(student.embedding(), grid.get(2), grid.get(3));
    NDArray s = FeatureMaps.flat(adapter == null ? aligned : adapter.apply(aligned));
    NDArray t = FeatureMaps.flat(teacher);
    if (centre) {
      s = FeatureMaps.centredOverSpace(s);
      t = FeatureMaps.centredOverSpace(t);
    }
    NDArray product = FeatureMaps.unit(s, axis.index).mul(FeatureMaps.unit(t, axis.index));
    return product.sum(new int[] {axis.index}).mean(new int[] {1}).neg().add(1);
  }
}
