package stillhouse.cache;

import java.util.Arrays;

/**
 * P_T (F_T − μ_T): a data set's channel mean and its leading principal directions, fitted on the
 * teacher's own cached features. Frozen.
 */
public final class Projection {
  private final float[] mean;
  private final float[][] directions;
  private final float[] variances;

  /**
   * @param mean μ_T, [C]
   * @param directions orthonormal rows, [C′][C], by falling variance
   * @param variances share of the variance that each direction explains, [C′]
   */
  public Projection(float[] mean, float[][] directions, float[] variances) {
    if (directions.length != variances.length
        || Arrays.stream(directions).anyMatch(d -> d.length != mean.length)) {
      throw new IllegalArgumentException(
          "Invalid projection: mean of "
              + mean.length
              + ", "
              + directions.length
              + " directions, "
              + variances.length
              + " variances");
    }
    this.mean = mean;
    this.directions = directions;
    this.variances = variances;
  }

  public int channels() {
    return mean.length;
  }

  public int dimensions() {
    return directions.length;
  }

  /** Shared, not a copy. */
  public float[] mean() {
    return mean;
  }

  /** Shared, not a copy. */
  public float[][] directions() {
    return directions;
  }

  public float[] variances() {
    return variances;
  }
}
