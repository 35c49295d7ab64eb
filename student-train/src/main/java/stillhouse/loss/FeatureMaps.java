package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.pooling.Pool;
import stillhouse.student.Scalar;

/** What the losses do to maps before they compare them: grids, centring and unit vectors. */
final class FeatureMaps {
  /** Norms at or under this are zero: three orders above what float rounding leaves of a unit. */
  static final double ZERO_NORM = 1e-6;

  private FeatureMaps() {}

  /**
   * Brings a map to a grid: the mean of whole blocks where the map is finer by an integer factor on
   * both sides, {@link Bilinear} otherwise.
   *
   * @param map [B, C, h, w]
   * @return [B, C, height, width]
   */
  static NDArray toGrid(NDArray map, long height, long width) {
    long tall = map.getShape().get(2);
    long wide = map.getShape().get(3);
    if (tall % height != 0 || wide % width != 0 || (tall == height && wide == width)) {
      return Bilinear.resize(map, height, width);
    }
    var block = new Shape(tall / height, wide / width);
    return Pool.avgPool2d(map, block, block, new Shape(0, 0), false, true);
  }

  /**
   * Subtracts each channel's mean over space. Its first value goes first, outside the gradient (to
   * which a constant is nothing), so that a constant channel becomes exactly zero.
   *
   * @param map [B, C, N]
   */
  static NDArray centredOverSpace(NDArray map) {
    NDArray moved = map.sub(map.get(":, :, 0:1").stopGradient());
    return moved.sub(moved.mean(new int[] {2}, true));
  }

  /**
   * Vectors along {@code axis} divided by their Euclidean norm. A vector of norm ≤ {@link
   * #ZERO_NORM} becomes zero and carries no gradient; {@code F.normalize} would divide it by 1e-12.
   */
  static NDArray unit(NDArray vectors, int axis) {
    return vectors.mul(inverseNorm(vectors, axis));
  }

  /** The same, of norm {@code length}. */
  static NDArray ofLength(double length, NDArray vectors, int axis) {
    return vectors.mul(Scalar.times(inverseNorm(vectors, axis), length));
  }

  /** A factor a vector, so that the vectors themselves are gone over once. */
  private static NDArray inverseNorm(NDArray vectors, int axis) {
    double floor = ZERO_NORM * ZERO_NORM;
    NDArray squared = vectors.square().sum(new int[] {axis}, true);
    NDArray live = squared.stopGradient().gt(floor).toType(DataType.FLOAT32, false);
    return live.div(Scalar.atLeast(squared, floor).sqrt());
  }

  /** [B, C, h, w] as [B, C, h·w]. */
  static NDArray flat(NDArray map) {
    Shape shape = map.getShape();
    return map.reshape(shape.get(0), shape.get(1), shape.get(2) * shape.get(3));
  }

  /** The mean of everything but the batch: [B, …] to [B]. */
  static NDArray meanPerSample(NDArray values) {
    long batch = values.getShape().get(0);
    return values.reshape(batch, values.size() / batch).mean(new int[] {1});
  }

  /** The sum of everything but the batch: [B, …] to [B]. */
  static NDArray sumPerSample(NDArray values) {
    long batch = values.getShape().get(0);
    return values.reshape(batch, values.size() / batch).sum(new int[] {1});
  }

  /** Refuses a map whose channels are not those the loss was made for. */
  static NDArray requireChannels(NDArray map, long channels, String what) {
    if (map.getShape().dimension() != 4 || map.getShape().get(1) != channels) {
      throw new IllegalArgumentException(
          "Invalid "
              + what
              + ": shape "
              + map.getShape()
              + " (must be [B, "
              + channels
              + ", h, w])");
    }
    return map;
  }
}
