package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

/**
 * Knowledge review: the student's maps are fused from the coarsest to the finest, and what each
 * fusion has gathered is to be the teacher's embedding:
 *
 * <pre>
 *   r_n = e_n(F_n),   r_i = z_0 e_i(F_i) + z_1 up(r_{i+1}),   z = σ(a_i([e_i(F_i), up(r_{i+1})]))
 *   L = 1/n Σ_i HCL(o_i(r_i), F_T)
 *   HCL(x, y) = Σ_l 2⁻ˡ mean (pool_l(x) − pool_l(y))² / Σ_l 2⁻ˡ
 * </pre>
 *
 * with e_i convolutions of 1×1 to {@code width} channels, a_i of 1×1 to the two maps z, o_i of 3×3
 * to the teacher's channels, up() the nearest cell, and pool_l nothing, then means over 4×4, 2×2
 * and 1×1 parts of the map, as far as these are fewer than its cells. They are made as {@code
 * loss.review.enter<i>}, {@code attention<i>} and {@code leave<i>}.
 *
 * <p>Shapes: student levels [B, C_i, h_i, w_i], finest first; teacher embedding [B, C, g, g]. A
 * level finer than the teacher's grid is brought to it first, and the teacher's to a coarser
 * level's, both as in {@link FeatureMaps#toGrid}. Result [B].
 *
 * <p>Source: Chen et al., "Distilling Knowledge via Knowledge Review", CVPR 2021: its attention
 * based fusion and hierarchical context loss. Departures: a training view holds one layer of the
 * teacher, so every fusion is held against that one, at its own grid, and not against a stage each;
 * the mean over fusions for their sum; biases for BatchNorm, whose statistics would make a sample's
 * loss depend on its batch and rank.
 */
final class KnowledgeReview implements Loss {
  private static final int NEAREST = 0; // as the engine counts its modes
  private static final int[] PARTS = {4, 2, 1};

  /**
   * Parameters in a recipe, {@code review}.
   *
   * @param width channels in which levels are fused
   */
  record Settings(double weight, Integer width) implements LossSettings, Serializable {
    Settings {
      width = width == null ? 64 : width; // a quarter of the paper's, and of its work
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_EMBEDDING);
    }

    @Override
    public Loss create(Assembly assembly) {
      ObjectiveContext context = assembly.context();
      if (context.levelChannels().isEmpty()) {
        throw new IllegalArgumentException(
            "Invalid loss: review (it fuses the maps of an encoder, and this student has none)");
      }
      return KnowledgeReview.create(context, width);
    }
  }

  private final int channels;
  private final List<Convolution> enter;
  private final List<Convolution> attention;
  private final List<Convolution> leave;

  /**
   * @param channels of the teacher
   * @param enter one a level, finest first
   * @param attention one a level but the coarsest, which has nothing to be fused with
   * @param leave one a level
   */
  KnowledgeReview(
      int channels, List<Convolution> enter, List<Convolution> attention, List<Convolution> leave) {
    this.channels = channels;
    this.enter = List.copyOf(enter);
    this.attention = List.copyOf(attention);
    this.leave = List.copyOf(leave);
  }

  private static KnowledgeReview create(ObjectiveContext context, int width) {
    Weights weights = context.weights();
    int teacher = context.teacherChannels();
    List<Convolution> enter = new ArrayList<>();
    List<Convolution> attention = new ArrayList<>();
    List<Convolution> leave = new ArrayList<>();
    for (int level : context.levelChannels()) {
      int i = enter.size();
      enter.add(Convolution.create(weights, "loss.review.enter" + i, level, width, 1, 1));
      leave.add(Convolution.create(weights, "loss.review.leave" + i, width, teacher, 3, 1));
      if (enter.size() < context.levelChannels().size()) {
        String name = "loss.review.attention" + i;
        attention.add(Convolution.create(weights, name, 2 * width, 2, 1, 1));
      }
    }
    return new KnowledgeReview(teacher, enter, attention, leave);
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray teacher =
        FeatureMaps.requireChannels(targets.teacherEmbedding(), channels, "teacher embedding");
    int last = enter.size() - 1;
    NDArray gathered = entered(last, student, teacher);
    NDArray total = apart(last, gathered, teacher);
    for (int i = last - 1; i >= 0; i--) {
      gathered = fused(attention.get(i), entered(i, student, teacher), gathered);
      total = total.add(apart(i, gathered, teacher));
    }
    return Scalar.over(total, enter.size());
  }

  /** e_i(F_i) on its own grid or the teacher's, whichever is coarser. */
  private NDArray entered(int i, StudentOutput student, NDArray teacher) {
    NDArray level = student.levels().get(i);
    long tall = Math.min(level.getShape().get(2), teacher.getShape().get(2));
    long wide = Math.min(level.getShape().get(3), teacher.getShape().get(3));
    return enter.get(i).apply(FeatureMaps.toGrid(level, tall, wide));
  }

  private static NDArray fused(Convolution attention, NDArray x, NDArray coarser) {
    long[] size = {x.getShape().get(2), x.getShape().get(3)};
    NDArray y = coarser.getNDArrayInternal().interpolation(size, NEAREST, false);
    NDArray z = Activation.sigmoid(attention.apply(NDArrays.concat(new NDList(x, y), 1)));
    return x.mul(z.get(":, 0:1")).add(y.mul(z.get(":, 1:2")));
  }

  /** HCL(o_i(r_i), F_T), [B]. */
  private NDArray apart(int i, NDArray gathered, NDArray teacher) {
    Shape grid = gathered.getShape();
    NDArray made = leave.get(i).apply(gathered);
    return hierarchical(made.sub(FeatureMaps.toGrid(teacher, grid.get(2), grid.get(3))));
  }

  /** HCL of two maps from their difference, since pooling is linear: [B, C, h, w] to [B]. */
  static NDArray hierarchical(NDArray apart) {
    long side = Math.min(apart.getShape().get(2), apart.getShape().get(3));
    NDArray sum = FeatureMaps.meanPerSample(apart.square());
    double weight = 1;
    double weights = 1;
    for (int parts : PARTS) {
      if (parts < side) {
        weight /= 2;
        weights += weight;
        NDArray pooled = pooled(apart, parts);
        sum = sum.add(Scalar.times(FeatureMaps.meanPerSample(pooled.square()), weight));
      }
    }
    return Scalar.over(sum, weights);
  }

  /**
   * Means over {@code parts}×{@code parts} parts, which overlap where they do not divide a side.
   */
  private static NDArray pooled(NDArray map, int parts) {
    NDManager manager = map.getManager();
    int tall = (int) map.getShape().get(2);
    int wide = (int) map.getShape().get(3);
    NDArray rows = map.matMul(shares(manager, wide, parts).transpose());
    return shares(manager, tall, parts).matMul(rows);
  }

  /** Part i is the mean of cells ⌊i·in/parts⌋ up to ⌈(i+1)·in/parts⌉: [parts, in]. */
  private static NDArray shares(NDManager manager, int in, int parts) {
    float[] values = new float[parts * in];
    for (int i = 0; i < parts; i++) {
      int from = i * in / parts;
      int to = ((i + 1) * in + parts - 1) / parts;
      for (int c = from; c < to; c++) {
        values[i * in + c] = 1f / (to - from);
      }
    }
    return manager.create(values, new Shape(parts, in));
  }
}
