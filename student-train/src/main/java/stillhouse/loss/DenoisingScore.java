package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Set;
import stillhouse.structure.Weighting;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

/**
 * SARD's distribution alignment: a light head g_θ finds the noise that was mixed into the teacher's
 * features, with the student's beside them:
 *
 * <pre>
 *   F̃ = √α sg(F̂_T) + √(1−α) ε,   L_DA = Σ_i W(i) ‖g_θ(F̃, F̂_S)(i) − ε(i)‖² / C′
 * </pre>
 *
 * with ε standard normal, drawn for each (seed, epoch, sample); sg the stop-gradient; W of {@link
 * StructureWeights} and F̂ of {@link Representation}. g_θ is two convolutions of {@code
 * kernel}×{@code kernel} with {@code hidden} channels and a GELU between, made as {@code
 * loss.denoising-score.head0} and {@code head1}.
 *
 * <p>Shapes: student embedding [B, C_s, h, w], teacher embedding [B, C, g, g], structure [B, 3, g,
 * g]. Result [B]; a head that answers 0 everywhere costs 1 in expectation.
 *
 * <p>Source: seed sard, "Distribution Alignment". Departure: the seed predicts ε "from the student
 * features" alone, of which ε is independent, so that nothing could be learnt beyond ε's mean;
 * {@link Conditioning#STUDENT_ONLY} is that reading, for the ablation.
 */
final class DenoisingScore implements Loss {
  private static final String DRAW = "denoising-score";

  /** What the head sees. */
  enum Conditioning {
    /** F̃ and F̂_S. */
    @JsonProperty("teacher-and-student")
    TEACHER_AND_STUDENT,
    /** F̂_S. */
    @JsonProperty("student-only")
    STUDENT_ONLY
  }

  /**
   * Parameters in a recipe, {@code denoising-score}.
   *
   * @param hidden channels between the head's convolutions; C′ where absent
   */
  record Settings(
      double weight,
      Weighting.Betas weighting,
      Weighting.Components components,
      Double alpha,
      Conditioning conditioning,
      Integer kernel,
      Integer hidden)
      implements LossSettings, Serializable {
    Settings {
      weighting = weighting == null ? Weighting.Betas.FULL : weighting;
      components = components == null ? Weighting.Components.UNIT_MEAN : components;
      alpha = alpha == null ? 0.5 : alpha; // the seed's
      conditioning = conditioning == null ? Conditioning.TEACHER_AND_STUDENT : conditioning;
      kernel = kernel == null ? 1 : kernel; // 3 costs nine times as much on a fine grid
    }

    @Override
    public Set<Need> needs() {
      return FeatureConsistency.weighted(weighting);
    }

    @Override
    public Loss create(Assembly assembly) {
      Representation space = assembly.representation();
      int c = space.dimensions();
      int in = conditioning == Conditioning.STUDENT_ONLY ? c : 2 * c;
      int middle = hidden == null ? c : hidden;
      Weights weights = assembly.context().weights();
      return new DenoisingScore(
          space,
          new StructureWeights(new Weighting(weighting, components)),
          alpha,
          conditioning,
          Convolution.create(weights, "loss.denoising-score.head0", in, middle, kernel, 2),
          Convolution.create(weights, "loss.denoising-score.head1", middle, c, kernel, 1));
    }
  }

  private final Representation space;
  private final StructureWeights weights;
  private final double alpha;
  private final Conditioning conditioning;
  private final Convolution first;
  private final Convolution last;

  DenoisingScore(
      Representation space,
      StructureWeights weights,
      double alpha,
      Conditioning conditioning,
      Convolution first,
      Convolution last) {
    this.space = space;
    this.weights = weights;
    this.alpha = alpha;
    this.conditioning = conditioning;
    this.first = first;
    this.last = last;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray fs = space.student(student, targets);
    NDArray epsilon = noise(fs, targets.noise());
    NDArray predicted =
        switch (conditioning) {
          case STUDENT_ONLY -> head(fs);
          case TEACHER_AND_STUDENT -> {
            NDArray ft = space.teacher(targets).stopGradient();
            NDArray mixed =
                Scalar.times(ft, Math.sqrt(alpha)).add(Scalar.times(epsilon, Math.sqrt(1 - alpha)));
            yield head(NDArrays.concat(new NDList(mixed, fs), 1));
          }
        };
    return FeatureConsistency.weightedMean(predicted.sub(epsilon), targets, weights);
  }

  /** g_θ, [B, C′ or 2C′, g, g] to [B, C′, g, g]. */
  private NDArray head(NDArray input) {
    return last.apply(Activation.gelu(first.apply(input)));
  }

  private static NDArray noise(NDArray like, Noise noise) {
    Shape shape = like.getShape();
    int perSample = Math.toIntExact(like.size() / shape.get(0));
    return like.getManager().create(noise.gaussian(DRAW, perSample), shape);
  }
}
