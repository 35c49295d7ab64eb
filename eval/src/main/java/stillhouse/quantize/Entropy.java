package stillhouse.quantize;

/**
 * The range of an activation that loses the least information: of the first i bins of its
 * histogram, i = 128…2048, those whose distribution P (what lies beyond is counted in the last bin)
 * is nearest in KL(P ‖ Q) to Q, the same bins in 128 steps, each step's mass spread evenly over its
 * bins that are not empty. Source: Migacz, "8-bit Inference with TensorRT", GTC 2017. Departure:
 * where Q is 0 and P is not, the last bin of a cut-off tail, it counts as one value.
 */
final class Entropy {
  static final int STEPS = 128;

  private Entropy() {}

  /**
   * @return how many bins the range has
   */
  static int bins(long[] counts) {
    int last = last(counts);
    long all = 0;
    for (long count : counts) {
      all += count;
    }
    double least = Double.POSITIVE_INFINITY;
    int best = last;
    long inside = sum(counts, 0, STEPS);
    for (int i = STEPS; i <= last; i++) {
      double divergence = divergence(counts, i, inside, all);
      if (divergence < least) {
        least = divergence;
        best = i;
      }
      inside += i < counts.length ? counts[i] : 0;
    }
    return best;
  }

  private static int last(long[] counts) {
    int last = counts.length;
    while (last > 0 && counts[last - 1] == 0) {
      last--;
    }
    return last;
  }

  /** KL(P ‖ Q), both normalised. */
  private static double divergence(long[] counts, int bins, long inside, long all) {
    long outside = all - inside;
    boolean bare = outside > 0 && counts[bins - 1] == 0;
    double total = inside + (bare ? 1 : 0);
    double sum = 0;
    for (int step = 0; step < STEPS; step++) {
      int from = step * bins / STEPS;
      int to = (step + 1) * bins / STEPS;
      double even = even(counts, from, to);
      for (int k = from; k < to; k++) {
        long p = counts[k] + (k == bins - 1 ? outside : 0);
        if (p > 0) {
          double q = counts[k] > 0 ? even : 1;
          sum += p * Math.log(p / (double) all / (q / total));
        }
      }
    }
    return sum / all;
  }

  private static double even(long[] counts, int from, int to) {
    int filled = 0;
    for (int k = from; k < to; k++) {
      filled += counts[k] > 0 ? 1 : 0;
    }
    return filled == 0 ? 0 : sum(counts, from, to) / (double) filled;
  }

  private static long sum(long[] counts, int from, int to) {
    long sum = 0;
    for (int k = from; k < to; k++) {
      sum += counts[k];
    }
    return sum;
  }
}
