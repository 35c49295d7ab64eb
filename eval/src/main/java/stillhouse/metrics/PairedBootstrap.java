package stillhouse.metrics;

import java.io.Serializable;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * How sure a difference between two predictors is: whole groups of images are drawn with
 * replacement, the same for both, their integer counts summed, and the data-set metric of each
 * taken anew. Images of a group (tiles of a frame, pictures of a part) are not independent, so
 * groups are what is drawn. The interval holds the sampling of images only, not of training seeds.
 *
 * <p>{@link #draws} draws as many groups as there are, from counts in memory. {@link PoissonDraws}
 * is for more groups than a driver holds: it weights each group by itself, where its counts are.
 *
 * <p>The same (seed, resamples, groups) gives the same bits.
 *
 * @param resamples draws, ≥ 100
 */
public record PairedBootstrap(int resamples, long seed) implements Serializable {
  private static final double TAIL = 0.025; // 95 % of the draws lie between

  public PairedBootstrap {
    if (resamples < 100) {
      throw new IllegalArgumentException(
          "Invalid resamples: " + resamples + " (must be ≥ 100 for a 95 % interval)");
    }
  }

  /**
   * A metric of predictor B minus that of predictor A.
   *
   * @param observed the difference on the images as they are
   * @param mean the mean of the draws
   * @param low the 2.5 % quantile of the draws, linearly interpolated
   * @param high the 97.5 % quantile
   * @param groups how many groups were drawn from
   * @param draws how many draws had a value (a draw without any foreground has none)
   */
  public record Difference(
      double observed, double mean, double low, double high, int groups, int draws) {
    /** Whether the interval leaves 0 out. */
    public boolean excludesZero() {
      return low > 0 || high < 0;
    }
  }

  /** The mean over classes of {@code metric}, B minus A. */
  public Difference difference(PairedCounts pairs, Metric metric) {
    return difference(draws(pairs), metric);
  }

  /** One class's {@code metric}, B minus A; class 0 is the foreground. */
  public Difference difference(PairedCounts pairs, Metric metric, int classId) {
    return difference(draws(pairs), counts -> orNaN(counts.value(metric, classId)));
  }

  /** The mean over classes of {@code metric}, B minus A, over draws that were made before. */
  public static Difference difference(PairedDraws draws, Metric metric) {
    return difference(draws, counts -> orNaN(counts.mean(metric)));
  }

  /** The sums of each draw: as many groups as there are, with replacement. */
  public PairedDraws draws(PairedCounts pairs) {
    int groups = pairs.groups();
    int[] picked = new int[groups];
    Arrays.setAll(picked, i -> i);
    long[][] sums = new long[1 + resamples][];
    sums[0] = pairs.sum(picked);
    SplittableRandom random = new SplittableRandom(seed);
    for (int draw = 1; draw <= resamples; draw++) {
      Arrays.setAll(picked, i -> random.nextInt(groups));
      sums[draw] = pairs.sum(picked);
    }
    return new PairedDraws(pairs.classes(), groups, sums);
  }

  private static Difference difference(PairedDraws sums, ToDoubleFunction<ImageCounts> score) {
    double observed = difference(sums, 0, score);
    if (Double.isNaN(observed)) {
      throw new IllegalArgumentException(
          "Cannot compare: none of the " + sums.groups() + " groups has a pixel of what is scored");
    }
    double[] values = new double[sums.draws()];
    int drawn = 0;
    for (int draw = 1; draw <= sums.draws(); draw++) {
      double value = difference(sums, draw, score);
      if (!Double.isNaN(value)) {
        values[drawn++] = value;
      }
    }
    double[] sorted = Arrays.copyOf(values, drawn);
    Arrays.sort(sorted);
    double mean = Arrays.stream(sorted).average().orElse(Double.NaN);
    return new Difference(
        observed, mean, quantile(sorted, TAIL), quantile(sorted, 1 - TAIL), sums.groups(), drawn);
  }

  private static double difference(
      PairedDraws sums, int draw, ToDoubleFunction<ImageCounts> score) {
    return score.applyAsDouble(sums.b(draw)) - score.applyAsDouble(sums.a(draw));
  }

  private static double quantile(double[] sorted, double share) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }

  private static double orNaN(OptionalDouble value) {
    return value.orElse(Double.NaN);
  }
}
