package stillhouse.quantize;

import java.io.Serializable;
import java.nio.FloatBuffer;

/**
 * How the values of one activation spread: a histogram of |x| over 2048 bins, whose width is a
 * power of two and doubles where a value lies beyond them (two bins become one). So it takes the
 * same memory for any number of images, and sums of parts are the whole to the bit, in any order.
 */
final class Magnitudes implements Serializable {
  static final int BINS = 2048; // as TensorRT's entropy calibrator has them
  private static final long serialVersionUID = 1L;
  private static final int BITS = 11;

  private final long[] counts = new long[BINS];
  private long zeros; // exactly 0: any scale keeps them
  private int exponent = Integer.MIN_VALUE; // of a bin's width; none before the first value ≠ 0
  private float min;
  private float max;

  /**
   * @return false where a value is not finite; then nothing is counted
   */
  boolean add(FloatBuffer values) {
    float least = 0;
    float most = 0;
    for (int i = values.position(); i < values.limit(); i++) {
      float value = values.get(i);
      if (!Float.isFinite(value)) {
        return false;
      }
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    include(least, most);
    count(values);
    return true;
  }

  private void include(float least, float most) {
    min = Math.min(min, least);
    max = Math.max(max, most);
    float peak = peak();
    if (peak > 0) {
      widenTo(Math.max(Math.getExponent(peak), Float.MIN_EXPONENT) + 1 - BITS);
    }
  }

  private void count(FloatBuffer values) {
    double bins = exponent == Integer.MIN_VALUE ? 0 : Math.scalb(1.0, -exponent);
    for (int i = values.position(); i < values.limit(); i++) {
      float magnitude = Math.abs(values.get(i));
      if (magnitude == 0) {
        zeros++;
      } else {
        counts[(int) (magnitude * bins)]++;
      }
    }
  }

  private void widenTo(int wanted) {
    if (exponent == Integer.MIN_VALUE) {
      exponent = wanted;
    }
    for (; exponent < wanted; exponent++) {
      for (int i = 0; i < BINS; i++) {
        counts[i] = i < BINS / 2 ? counts[2 * i] + counts[2 * i + 1] : 0;
      }
    }
  }

  /** Adds what another part of the images gave. */
  void merge(Magnitudes other) {
    include(other.min, other.max);
    zeros += other.zeros;
    int shift = Math.min(31, exponent - other.exponent);
    if (other.exponent != Integer.MIN_VALUE) {
      for (int i = 0; i < BINS; i++) {
        counts[i >> shift] += other.counts[i];
      }
    }
  }

  /** The least value, 0 at most. */
  float min() {
    return min;
  }

  /** The greatest value, 0 at least. */
  float max() {
    return max;
  }

  float peak() {
    return Math.max(-min, max);
  }

  /** The magnitude that this share of all values does not exceed, to a bin's width. */
  float percentile(double share) {
    long all = zeros;
    for (long count : counts) {
      all += count;
    }
    double wanted = share * all;
    long seen = zeros;
    for (int i = 0; i < BINS; i++) {
      seen += counts[i];
      if (counts[i] > 0 && seen >= wanted) {
        return edge(i + 1);
      }
    }
    return peak();
  }

  /** {@link Entropy} of the values that are not 0. */
  float entropy() {
    return peak() == 0 ? 0 : edge(Entropy.bins(counts));
  }

  private float edge(int bin) {
    return Math.min(peak(), (float) Math.scalb((double) bin, exponent));
  }
}
