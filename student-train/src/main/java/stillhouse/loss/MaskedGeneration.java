package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

/**
 * Masked generative distillation: from the student's embedding with most of its positions blanked a
 * small generator, trained beside it, is to make the teacher's whole embedding:
 *
 * <pre>
 *   M_i = 0 where R_i > 1 − λ, else 1;   L = 1/(C·g²) ‖F_T − G(M · f(F_S))‖²
 *   G(x) = W_2 * ReLU(W_1 * x)
 * </pre>
 *
 * with R even in [0, 1), drawn for each (seed, epoch, sample) and shared by the channels; f the
 * {@link EmbeddingAdapter}; W_1 and W_2 convolutions of 3×3 with {@code hidden} channels between,
 * made as {@code loss.mgd.generator0} and {@code generator1}.
 *
 * <p>Shapes: student embedding [B, C_s, h, w], teacher embedding [B, C, g, g]. Result [B].
 *
 * <p>Source: Yang et al., "Masked Generative Distillation", ECCV 2022, section "Generation with
 * Masked Feature". Departures: a mean over C·g² for their sum (their weight 2e-5 is 2e-5·C·g² of
 * ours), so that it grows with neither; fewer hidden channels where a recipe says so.
 */
final class MaskedGeneration implements Loss {
  private static final String DRAW = "mgd";

  /**
   * Parameters in a recipe, {@code mgd}.
   *
   * @param masked λ, the share of positions that the student has to do without
   * @param hidden channels between the generator's convolutions; C where absent
   */
  record Settings(double weight, Double masked, Integer hidden)
      implements LossSettings, Serializable {
    Settings {
      masked = masked == null ? 0.75 : masked; // the paper's for segmentation
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_EMBEDDING);
    }

    @Override
    public Loss create(Assembly assembly) {
      Weights weights = assembly.context().weights();
      int c = assembly.context().teacherChannels();
      int middle = hidden == null ? c : hidden;
      return new MaskedGeneration(
          masked,
          EmbeddingAdapter.create(assembly.context(), "mgd"),
          Convolution.create(weights, "loss.mgd.generator0", c, middle, 3, 2),
          Convolution.create(weights, "loss.mgd.generator1", middle, c, 3, 1));
    }
  }

  private final double masked;
  private final EmbeddingAdapter adapter;
  private final Convolution first;
  private final Convolution last;

  MaskedGeneration(double masked, EmbeddingAdapter adapter, Convolution first, Convolution last) {
    this.masked = masked;
    this.adapter = adapter;
    this.first = first;
    this.last = last;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray x = adapter.student(student, targets);
    NDArray seen = x.mul(mask(x, targets.noise()));
    NDArray made = last.apply(Activation.relu(first.apply(seen)));
    return FeatureMaps.meanPerSample(made.sub(adapter.teacher(targets)).square());
  }

  /** M, [B, 1, g, g]. */
  private NDArray mask(NDArray map, Noise noise) {
    Shape shape = map.getShape();
    var one = new Shape(shape.get(0), 1, shape.get(2), shape.get(3));
    float[] values = noise.uniform(DRAW, Math.toIntExact(one.size() / shape.get(0)));
    for (int i = 0; i < values.length; i++) {
      values[i] = values[i] > 1 - masked ? 0 : 1;
    }
    return map.getManager().create(values, one);
  }
}
