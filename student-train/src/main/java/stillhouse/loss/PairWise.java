package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.Serializable;
import java.util.Set;
import stillhouse.student.StudentOutput;

/**
 * Pair-wise distillation, the other half of structured knowledge distillation: how alike any two
 * places of an image are is to be the same for the student as for the teacher:
 *
 * <pre>
 *   a_ij = f_iᵀ f_j / (‖f_i‖ ‖f_j‖),   L = 1/N² Σ_i Σ_j (a^S_ij − a^T_ij)²
 * </pre>
 *
 * with f_i the mean of the embedding over node i of a {@code nodes}×{@code nodes} grid, N = nodes²
 * (at most the teacher's own grid).
 *
 * <p>Shapes: student embedding [B, C_s, h, w], teacher embedding [B, C, g, g]; each is brought to
 * the nodes on its own, and C_s need not be C. Result [B], in 0…4.
 *
 * <p>Source: Liu et al., "Structured Knowledge Distillation for Semantic Segmentation", CVPR 2019,
 * equation 2; nodes by mean pooling as in its journal version (TPAMI 2020). Departures: the
 * authors' code takes maxima over a quarter of the map, so 2×2 nodes, and holds the norms constant
 * in the gradient; here the gradient is the formula's. The paper's third, adversarial term is left
 * out.
 *
 * <p>Degenerate: a node whose mean has a norm ≤ 1e-6 is like no other, nor like itself (0), and has
 * no gradient.
 */
final class PairWise implements Loss {
  private static final int CHANNELS = 1;

  /**
   * Parameters in a recipe, {@code skd-pair}.
   *
   * @param nodes along one side
   */
  record Settings(double weight, Integer nodes) implements LossSettings, Serializable {
    Settings {
      nodes = nodes == null ? 16 : nodes; // 256 KiB of similarities an image; 32 take 4 MiB
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_EMBEDDING);
    }

    @Override
    public Loss create(Assembly assembly) {
      return new PairWise(nodes);
    }
  }

  private final int nodes;

  PairWise(int nodes) {
    this.nodes = nodes;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    Shape grid = targets.teacherEmbedding().getShape();
    long tall = Math.min(nodes, grid.get(2));
    long wide = Math.min(nodes, grid.get(3));
    NDArray t = similarities(FeatureMaps.toGrid(targets.teacherEmbedding(), tall, wide));
    NDArray s = similarities(FeatureMaps.toGrid(student.embedding(), tall, wide));
    return FeatureMaps.meanPerSample(s.sub(t.stopGradient()).square());
  }

  /** a, [B, N, N]. */
  private static NDArray similarities(NDArray map) {
    NDArray f = FeatureMaps.unit(FeatureMaps.flat(map), CHANNELS);
    return f.transpose(0, 2, 1).matMul(f);
  }
}
