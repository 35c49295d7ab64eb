package stillhouse.cache;

import java.io.Serializable;
import stillhouse.tensor.Half;

/** First and second moments of channel vectors, summed in double. Written by one thread. */
final class Moments implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int channels;
  private final double[] sum;
  // The upper triangle of Σ x xᵀ, row by row.
  private final double[] products;
  private long count;

  Moments(int channels) {
    this.channels = channels;
    this.sum = new double[channels];
    this.products = new double[Math.multiplyExact(channels, channels + 1) / 2];
  }

  int channels() {
    return channels;
  }

  long count() {
    return count;
  }

  /** Adds every cell of one fp16 [C, cells] map. */
  Moments observe(byte[] embedding) {
    return observe(Half.decode(embedding));
  }

  /** Adds every cell of one [C, cells] map. */
  Moments observe(float[] map) {
    int cells = map.length / channels;
    if (cells * channels != map.length) {
      throw new IllegalArgumentException(
          "Invalid embedding: " + map.length + " values (must be a multiple of " + channels + ")");
    }
    int p = 0;
    for (int i = 0; i < channels; i++) {
      for (int x = 0; x < cells; x++) {
        sum[i] += map[i * cells + x];
      }
      for (int j = i; j < channels; j++) {
        double dot = 0;
        for (int x = 0; x < cells; x++) {
          dot += (double) map[i * cells + x] * map[j * cells + x];
        }
        products[p++] += dot;
      }
    }
    count += cells;
    return this;
  }

  Moments merge(Moments other) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other.sum[i];
    }
    for (int i = 0; i < products.length; i++) {
      products[i] += other.products[i];
    }
    count += other.count;
    return this;
  }

  double[] mean() {
    double[] mean = new double[channels];
    for (int i = 0; i < channels; i++) {
      mean[i] = sum[i] / count;
    }
    return mean;
  }

  /** The population covariance E[x xᵀ] − μ μᵀ, [C][C]. */
  double[][] covariance() {
    double[] mean = mean();
    double[][] covariance = new double[channels][channels];
    int p = 0;
    for (int i = 0; i < channels; i++) {
      for (int j = i; j < channels; j++) {
        covariance[i][j] = products[p++] / count - mean[i] * mean[j];
        covariance[j][i] = covariance[i][j];
      }
    }
    return covariance;
  }
}
