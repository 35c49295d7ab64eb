package stillhouse.predict;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * How long one image takes at batch 1: the network alone, from a filled input buffer to a filled
 * output buffer, without decoding or resizing. Milliseconds, lower is better.
 *
 * @param p50Millis the median
 * @param runs timed calls, after the warm-up
 */
public record Latency(
    double p50Millis, double p90Millis, double p99Millis, double meanMillis, int runs) {
  /**
   * Times the network on one random image. Threads are those that the segmenter was opened with.
   *
   * @param warmup calls that are not timed
   * @param runs calls that are, ≥ 1
   */
  public static Latency measure(OnnxSegmenter segmenter, int warmup, int runs) {
    if (runs < 1 || warmup < 0) {
      throw new IllegalArgumentException(
          "Invalid latency runs: %d after %d to warm up (must be ≥ 1 after ≥ 0)"
              .formatted(runs, warmup));
    }
    OnnxCall call = segmenter.take();
    try {
      fillRandom(call.input());
      for (int i = 0; i < warmup; i++) {
        segmenter.timeNanos(call);
      }
      long[] nanos = new long[runs];
      for (int i = 0; i < runs; i++) {
        nanos[i] = segmenter.timeNanos(call);
      }
      return of(nanos);
    } finally {
      segmenter.giveBack(call);
    }
  }

  static Latency of(long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return new Latency(
        rank(sorted, 0.50),
        rank(sorted, 0.90),
        rank(sorted, 0.99),
        Arrays.stream(sorted).average().orElseThrow() / 1e6,
        sorted.length);
  }

  /** Flat names for a metric table. */
  public Map<String, Double> toMap() {
    return new TreeMap<>(
        Map.of(
            "latency_p50_ms", p50Millis,
            "latency_p90_ms", p90Millis,
            "latency_p99_ms", p99Millis,
            "latency_mean_ms", meanMillis));
  }

  /** Nearest rank: the smallest time that the share of calls did not exceed. */
  private static double rank(long[] sorted, double share) {
    int index = (int) Math.ceil(share * sorted.length) - 1;
    return sorted[Math.max(index, 0)] / 1e6;
  }

  private static void fillRandom(FloatBuffer input) {
    SplittableRandom random = new SplittableRandom(0);
    for (int i = 0; i < input.capacity(); i++) {
      input.put(i, (float) random.nextDouble());
    }
  }
}
