package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import stillhouse.cache.Projection;
import stillhouse.student.HostValues;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

/**
 * The space in which SARD compares teacher and student:
 *
 * <pre>
 *   F̂_T = √C′ · unit(P_T (F_T − μ_T)),   F̂_S = √C′ · unit(P_S F_S)
 * </pre>
 *
 * with μ_T the data set's channel mean, P_S a learnable 1×1 convolution with bias (made as {@code
 * loss.representation.student}), and unit() the division of each position's vector by its norm; a
 * vector of norm ≤ 1e-6 stays zero, without gradient. Both losses of one recipe share it.
 *
 * <p>Source: seed sard, "Feature Consistency + Distribution Alignment". Departures: centring and
 * unit norm (without the first a constant output already halves the loss), and P_T frozen by
 * default, since a P_T that learns freely makes both losses 0 by becoming constant.
 */
final class Representation {
  /** Of the floor: under it the projection is taken to have collapsed, and the run stops. */
  private static final double COLLAPSED = 0.1;

  /** Mean teacher spread under which a batch says nothing about collapse: its images are flat. */
  private static final double FLAT = 0.01;

  /** Added to a variance before its root, whose slope at 0 is infinite; VICReg's. */
  private static final double VARIANCE_EPSILON = 1e-4;

  private static final int[] CHANNEL = {1};
  private static final int[] SPACE = {2};

  private final NDArray mean;
  private final NDArray teacherProjection;
  private final Convolution studentProjection;
  private final boolean learned;
  private final double varianceFloor;
  private final int teacherChannels;
  private final int dimensions;

  private Representation(
      NDArray mean,
      NDArray teacherProjection,
      Convolution studentProjection,
      boolean learned,
      double varianceFloor,
      int dimensions) {
    this.mean = mean;
    this.teacherProjection = teacherProjection;
    this.studentProjection = studentProjection;
    this.learned = learned;
    this.varianceFloor = varianceFloor;
    this.teacherChannels = (int) mean.size();
    this.dimensions = dimensions;
  }

  static Representation create(ObjectiveContext context, ProjectionSettings settings) {
    Weights weights = context.weights();
    Projection fitted = context.requireProjection();
    int channels = context.teacherChannels();
    int reduced = Math.min(settings.dimensions(), channels);
    int dimensions =
        switch (settings.teacherProjection()) {
          case PCA, LEARNED -> reduced;
          case IDENTITY -> channels;
        };
    NDArray teacher =
        switch (settings.teacherProjection()) {
          case PCA -> directions(weights.manager(), fitted, dimensions);
          case IDENTITY -> null;
          case LEARNED ->
              weights.normal(
                  "loss.representation.teacher.weight",
                  Math.sqrt(1.0 / channels),
                  dimensions,
                  channels,
                  1,
                  1);
        };
    return new Representation(
        weights.manager().create(fitted.mean()).reshape(1, channels, 1, 1),
        teacher,
        Convolution.create(
            weights, "loss.representation.student", context.studentChannels(), dimensions, 1, 1),
        settings.teacherProjection() == ProjectionSettings.TeacherProjection.LEARNED,
        settings.varianceFloor(),
        dimensions);
  }

  /** C′. */
  int dimensions() {
    return dimensions;
  }

  /** F̂_T, [B, C′, g, g]. */
  NDArray teacher(Targets targets) {
    NDArray f = centred(targets);
    return scaled(
        teacherProjection == null ? f : Conv2d.conv2d(f, teacherProjection).singletonOrThrow());
  }

  /** F̂_S on the teacher's grid, [B, C′, g, g]. */
  NDArray student(StudentOutput student, Targets targets) {
    Shape grid = targets.teacherEmbedding().getShape();
    return scaled(
        studentProjection.apply(FeatureMaps.toGrid(student.embedding(), grid.get(2), grid.get(3))));
  }

  /**
   * What keeps a learned P_T from becoming constant: (1/C′) Σ_c max(0, γ σ − σ_c), with σ_c the
   * standard deviation over space of channel c of F̂_T, and σ the mean of the same over the
   * channels of the unit-norm teacher features, so that a flat image asks for nothing. 0 where P_T
   * is frozen.
   *
   * @param projected F̂_T
   * @return [B]
   * @throws IllegalStateException where the batch's mean σ_c is under a tenth of its floor
   */
  NDArray collapsePenalty(NDArray projected, Targets targets) {
    if (!learned) {
      return projected.getManager().zeros(new Shape(projected.getShape().get(0)));
    }
    NDArray variance = varianceOverSpace(projected);
    NDArray own =
        varianceOverSpace(scaled(centred(targets))).sqrt().mean(CHANNEL, true).stopGradient();
    refuseCollapse(variance, own);
    NDArray missing = Scalar.times(own, varianceFloor).sub(variance.add(VARIANCE_EPSILON).sqrt());
    return Scalar.atLeast(missing, 0).mean(CHANNEL);
  }

  private void refuseCollapse(NDArray variance, NDArray own) {
    double teacher = HostValues.of(own.mean())[0];
    double projected = HostValues.of(variance.stopGradient().sqrt().mean())[0];
    if (teacher > FLAT && projected < COLLAPSED * varianceFloor * teacher) {
      throw new IllegalStateException(
          "The learned teacher projection has collapsed: its channels' standard deviation is "
              + projected
              + ", the features' own "
              + teacher
              + ". Set projection.teacherProjection to pca, or raise projection.varianceFloor above "
              + varianceFloor
              + ".");
    }
  }

  /** F_T − μ_T, [B, C, g, g]. */
  private NDArray centred(Targets targets) {
    return FeatureMaps.requireChannels(
            targets.teacherEmbedding(), teacherChannels, "teacher embedding")
        .sub(mean);
  }

  private static NDArray scaled(NDArray map) {
    return FeatureMaps.ofLength(Math.sqrt(map.getShape().get(1)), map, 1);
  }

  /** [B, C, h, w] to [B, C]. */
  private static NDArray varianceOverSpace(NDArray map) {
    return FeatureMaps.centredOverSpace(FeatureMaps.flat(map)).square().mean(SPACE);
  }

  /** The leading rows as a 1×1 convolution, [C′, C, 1, 1]. */
  static NDArray directions(NDManager manager, Projection fitted, int dimensions) {
    if (fitted.dimensions() < dimensions) {
      throw new IllegalArgumentException(
          "Invalid projection: "
              + fitted.dimensions()
              + " directions, the recipe's projection.dimensions needs "
              + dimensions
              + ". Fit it again, or lower projection.dimensions.");
    }
    float[] rows = new float[dimensions * fitted.channels()];
    for (int d = 0; d < dimensions; d++) {
      System.arraycopy(fitted.directions()[d], 0, rows, d * fitted.channels(), fitted.channels());
    }
    return manager.create(rows, new Shape(dimensions, fitted.channels(), 1, 1));
  }
}
