package stillhouse.data;

/**
 * One axis of a resize whose output pixels are weighted means: which source pixels each reads, and
 * with what weights, which sum to 1. Neither bound of its pixels' reach ever goes back.
 */
final class Taps {
  private final int in;
  private final int[] starts;
  private final float[][] weights;

  private Taps(int in, int[] starts, float[][] weights) {
    this.in = in;
    this.starts = starts;
    this.weights = weights;
  }

  /** The weight of a source pixel whose centre is so far from the output pixel's. */
  @FunctionalInterface
  private interface Kernel {
    double at(double distance);
  }

  static Taps of(Shrink shrink, int in, int out) {
    double scale = (double) in / out;
    if (scale <= 1) { // both kernels are as wide as the output's pixels, never narrower
      return of(in, out, 1, x -> Math.max(0, 1 - x));
    }
    return switch (shrink) {
      case BILINEAR -> of(in, out, 1, x -> Math.max(0, 1 - x));
      case ANTIALIAS -> of(in, out, scale, x -> Math.max(0, 1 - x / scale));
      case AREA -> of(in, out, scale / 2 + 0.5, x -> Math.max(0, Math.min(1, scale / 2 + 0.5 - x)));
    };
  }

  /**
   * @param support beyond which the kernel is 0
   */
  private static Taps of(int in, int out, double support, Kernel kernel) {
    int[] starts = new int[out];
    float[][] weights = new float[out][];
    for (int i = 0; i < out; i++) {
      double centre = (i + 0.5) * in / out;
      int start = (int) Math.max(0, Math.floor(centre - support + 0.5));
      int end = (int) Math.min(in, Math.floor(centre + support + 0.5));
      starts[i] = start;
      weights[i] = normalised(centre, start, end, kernel);
    }
    return new Taps(in, starts, weights);
  }

  private static float[] normalised(double centre, int start, int end, Kernel kernel) {
    double[] raw = new double[end - start];
    double sum = 0;
    for (int k = 0; k < raw.length; k++) {
      raw[k] = kernel.at(Math.abs(start + k + 0.5 - centre));
      sum += raw[k];
    }
    float[] weights = new float[raw.length];
    for (int k = 0; k < raw.length; k++) {
      weights[k] = (float) (raw[k] / sum);
    }
    return weights;
  }

  int in() {
    return in;
  }

  int start(int i) {
    return starts[i];
  }

  /** Exclusive. */
  int end(int i) {
    return starts[i] + weights[i].length;
  }

  float weight(int i, int source) {
    return weights[i][source - starts[i]];
  }
}
