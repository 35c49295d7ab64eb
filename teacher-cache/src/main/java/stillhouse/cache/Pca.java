package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.Arrays;
import java.util.Comparator;
import org.apache.commons.math3.exception.MaxCountExceededException;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;

/**
 * Principal components of a teacher's embedding: every grid cell of every image is one observation
 * of C channels. Mean and covariance are summed on the executors in double; only the C×C sums reach
 * the driver.
 */
public final class Pca {
  // Finer than any sampling share that matters, exact in a double.
  private static final int HASH_BUCKETS = 1 << 20;

  private Pca() {}

  /**
   * Fits the projection. A direction's largest component (by magnitude) is positive, so a fit has
   * one sign only.
   *
   * @param embeddings columns {@code sample_id} and {@code embedding}, fp16 [C, cells] as a view
   *     stores it
   * @param channels C
   * @param dimensions C′ directions to keep, >= 1; all C where the embedding has fewer channels
   * @param maxRows images to use about: above it, those whose hash of sample_id falls into the
   *     share
   * @throws IllegalArgumentException where {@code dimensions} is out of range or there is no row
   */
  public static Projection fit(
      Dataset<Row> embeddings, int channels, int dimensions, long maxRows) {
    if (dimensions < 1) {
      throw new IllegalArgumentException(
          "Invalid projectionDimensions: " + dimensions + " (must be >= 1)");
    }
    JavaRDD<byte[]> maps =
        sample(embeddings, maxRows).select("embedding").as(Encoders.BINARY()).javaRDD();
    Moments moments = maps.treeAggregate(new Moments(channels), Moments::observe, Moments::merge);
    if (moments.count() == 0) {
      throw new IllegalArgumentException("Cannot fit a projection to 0 embeddings");
    }
    return projection(moments, Math.min(dimensions, channels));
  }

  private static Dataset<Row> sample(Dataset<Row> embeddings, long maxRows) {
    long rows = embeddings.count();
    if (rows <= maxRows) {
      return embeddings;
    }
    long bound = Math.max(1, HASH_BUCKETS * maxRows / rows);
    return embeddings.where(
        pmod(xxhash64(lit("pca"), col("sample_id")), lit((long) HASH_BUCKETS)).lt(bound));
  }

  static Projection projection(Moments moments, int dimensions) {
    int channels = moments.channels();
    double[] mean = moments.mean();
    double[][] covariance = moments.covariance();
    Axes axes = axes(new Array2DRowRealMatrix(covariance, false));
    double[] values = axes.values();
    Integer[] byVariance = new Integer[channels];
    Arrays.setAll(byVariance, i -> i);
    Arrays.sort(byVariance, Comparator.comparingDouble(i -> -values[i]));
    double total = Arrays.stream(values).map(v -> Math.max(0, v)).sum();

    float[][] directions = new float[dimensions][];
    float[] variances = new float[dimensions];
    for (int k = 0; k < dimensions; k++) {
      int i = byVariance[k];
      directions[k] = signed(axes.vectors().getColumn(i));
      // Embeddings without any variance: no direction explains anything.
      variances[k] = total > 0 ? (float) (Math.max(0, values[i]) / total) : 0;
    }
    return new Projection(floats(mean), directions, variances);
  }

  /**
   * @param vectors a column each
   */
  private record Axes(double[] values, RealMatrix vectors) {}

  /** Of a matrix that is symmetric by construction, so the decomposition is the symmetric one. */
  private static Axes axes(RealMatrix covariance) {
    try {
      EigenDecomposition eigen = new EigenDecomposition(covariance);
      return new Axes(eigen.getRealEigenvalues(), eigen.getV());
    } catch (MaxCountExceededException e) {
      // Its iteration may not end where many channels are sums of others (or dead). A covariance's
      // singular vectors are its eigenvectors; where both are found, they differ in the last bits.
      var singular = new SingularValueDecomposition(covariance);
      return new Axes(singular.getSingularValues(), singular.getV());
    }
  }

  private static float[] signed(double[] direction) {
    int largest = 0;
    for (int i = 1; i < direction.length; i++) {
      // Ahead by more than rounding: of two equal magnitudes the first decides, on any machine.
      if (Math.abs(direction[i]) > Math.abs(direction[largest]) + 1e-9) {
        largest = i;
      }
    }
    double sign = direction[largest] < 0 ? -1 : 1;
    return floats(Arrays.stream(direction).map(v -> sign * v).toArray());
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
