package stillhouse.metrics;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
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

  /**
   * A metric of one predictor.
   *
   * @param observed on the images as they are
   * @param low the 2.5 % quantile of the draws, linearly interpolated
   * @param high the 97.5 % quantile
   * @param groups how many groups were drawn from
   */
  public record Interval(double observed, double low, double high, int groups) {}

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

  /**
   * One class's {@code metric}, B minus A, likewise.
   *
   * @param classId 1…K, or {@link ClassCounts#FOREGROUND}
   * @return empty where the class is absent from truth and one of the predictions
   */
  public static Optional<Difference> difference(PairedDraws draws, Metric metric, int classId) {
    boolean defined =
        draws.a(0).value(metric, classId).isPresent()
            && draws.b(0).value(metric, classId).isPresent();
    return defined
        ? Optional.of(difference(draws, counts -> orNaN(counts.value(metric, classId))))
        : Optional.empty();
  }

  /**
   * The mean over classes of predictor A's {@code metric}, over the draws that differences are
   * taken of.
   *
   * @return empty where no image has a pixel of what is scored
   */
  public static Optional<Interval> interval(PairedDraws draws, Metric metric) {
    return interval(draws, counts -> counts.mean(metric));
  }

  /**
   * One class's {@code metric} of predictor A, likewise.
   *
   * @param classId 1…K, or {@link ClassCounts#FOREGROUND}
   * @return empty where the class is absent from truth and prediction
   */
  public static Optional<Interval> interval(PairedDraws draws, Metric metric, int classId) {
    return interval(draws, counts -> counts.value(metric, classId));
  }

  private static Optional<Interval> interval(
      PairedDraws draws, Function<ImageCounts, OptionalDouble> score) {
    if (score.apply(draws.a(0)).isEmpty()) {
      return Optional.empty();
    }
    Difference found = overDraws(draws, draw -> orNaN(score.apply(draws.a(draw))));
    return Optional.of(new Interval(found.observed(), found.low(), found.high(), found.groups()));
  }

  /**
   * The mean of several pairs' differences, as of one recipe's seeds, where each draw has the same
   * groups for all of them. It holds the sampling of images, of the mean over these pairs.
   *
   * @param pairs at least one, of the same groups, drawn by the same bootstrap
   */
  public static Difference meanDifference(List<PairedDraws> pairs, Metric metric) {
    PairedDraws first = pairs.get(0);
    for (PairedDraws other : pairs) {
      if (other.groups() != first.groups() || other.draws() != first.draws()) {
        throw new IllegalArgumentException(
            "Cannot take the mean of "
                + first
                + " and "
                + other
                + " (they were drawn differently)");
      }
    }
    return overDraws(
        first,
        draw ->
            pairs.stream()
                    .mapToDouble(p -> difference(p, draw, counts -> orNaN(counts.mean(metric))))
                    .sum()
                / pairs.size());
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
    return overDraws(sums, draw -> difference(sums, draw, score));
  }

  private static Difference overDraws(PairedDraws sums, IntToDoubleFunction drawn) {
    double observed = drawn.applyAsDouble(0);
    if (Double.isNaN(observed)) {
      throw new IllegalArgumentException(
          "Cannot compare: none of the " + sums.groups() + " groups has a pixel of what is scored");
    }
    double[] values = new double[sums.draws()];
    int count = 0;
    for (int draw = 1; draw <= sums.draws(); draw++) {
      double value = drawn.applyAsDouble(draw);
      if (!Double.isNaN(value)) {
        values[count++] = value;
      }
    }
    double[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    double mean = Arrays.stream(sorted).average().orElse(Double.NaN);
    return new Difference(
        observed, mean, quantile(sorted, TAIL), quantile(sorted, 1 - TAIL), sums.groups(), count);
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
