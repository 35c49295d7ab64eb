package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.Serializable;
import java.util.EnumSet;
import java.util.Set;
import stillhouse.structure.Weighting;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * SARD's feature consistency, point by point and weighted by structure:
 *
 * <pre>
 *   L_FC = Σ_i W(i) ‖F̂_T(i) − F̂_S(i)‖² / C′
 * </pre>
 *
 * with W of {@link StructureWeights} (Σ W = 1) and F̂ of {@link Representation}.
 *
 * <p>Shapes: student embedding [B, C_s, h, w], teacher embedding [B, C, g, g], structure [B, 3, g,
 * g]. Result [B], in 0…4; it does not grow with batch, resolution or C′.
 *
 * <p>Source: seed sard, "Feature Consistency". Departures: those of {@link Representation}, and,
 * for a learned teacher projection only, its {@link Representation#collapsePenalty}.
 *
 * <p>Degenerate: where F̂_S is a zero vector its position costs ‖F̂_T‖²/C′ = 1 and has no gradient.
 */
final class FeatureConsistency implements Loss {
  /** Parameters in a recipe, {@code feature-consistency}. */
  record Settings(double weight, Weighting.Betas weighting, Weighting.Components components)
      implements LossSettings, Serializable {
    Settings {
      weighting = weighting == null ? Weighting.Betas.FULL : weighting;
      components = components == null ? Weighting.Components.UNIT_MEAN : components;
    }

    @Override
    public Set<Need> needs() {
      return weighted(weighting);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new FeatureConsistency(
          assembly.representation(), new StructureWeights(new Weighting(weighting, components)));
    }
  }

  private final Representation space;
  private final StructureWeights weights;

  FeatureConsistency(Representation space, StructureWeights weights) {
    this.space = space;
    this.weights = weights;
  }

  /** What a loss that weights positions reads. */
  static Set<Need> weighted(Weighting.Betas weighting) {
    Set<Need> needs = EnumSet.of(Need.TEACHER_EMBEDDING);
    if (!weighting.areUniform()) {
      needs.add(Need.STRUCTURE);
    }
    return needs;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray teacher = space.teacher(targets);
    NDArray apart = teacher.sub(space.student(student, targets));
    return weightedMean(apart, targets, weights).add(space.collapsePenalty(teacher, targets));
  }

  /**
   * Σ_i W(i) ‖x(i)‖² / C′.
   *
   * @param x [B, C′, g, g]
   * @return [B]
   */
  static NDArray weightedMean(NDArray x, Targets targets, StructureWeights weights) {
    Shape shape = x.getShape();
    NDArray w =
        weights.of(targets.structure(), shape.get(0), shape.get(2), shape.get(3), x.getManager());
    NDArray squared = Scalar.over(x.square().sum(new int[] {1}), shape.get(1));
    return FeatureMaps.sumPerSample(squared.mul(w));
  }
}
