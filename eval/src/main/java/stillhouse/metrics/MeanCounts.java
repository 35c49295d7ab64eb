package stillhouse.metrics;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Means of values in 0…1 over the things that an image shows, as counts: class s holds, in
 * millionths, the sum of the values of slot s and how many they are, so that {@link Metric#DICE} of
 * the class, 2 Σv / (n + n), is their mean. Such counts are summed, drawn in groups and given
 * intervals like an image's pixels: each thing weighs the same, and groups are what is drawn.
 *
 * <p>Mutable; one thread at a time.
 */
public final class MeanCounts {
  private static final long ONE = 1_000_000;

  private final int slots;
  private final long[] counts;

  /**
   * @param slots 1…254
   */
  public MeanCounts(int slots) {
    this.slots = CountLayout.checkClasses(slots);
    this.counts = new long[CountLayout.length(slots)];
  }

  /**
   * @param slot 1…slots
   * @param value kept to six digits
   */
  public void add(int slot, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "Invalid value of slot %d: %s (must be 0…1)".formatted(slot, value));
    }
    int at = CountLayout.area(CountLayout.checkClass(slot, slots));
    counts[at] += Math.round(value * ONE);
    counts[at + 1] += ONE;
    counts[at + 2] += ONE;
  }

  /** What was added so far. */
  public ImageCounts counts() {
    return ImageCounts.fromArray(slots, counts);
  }

  /** Of all things; empty where the slot has none. */
  public static OptionalDouble mean(ClassCounts counts, int slot) {
    return counts.value(Metric.DICE, slot);
  }

  /** How many things the slot has a value of. */
  public static long size(ClassCounts counts, int slot) {
    return counts.area(slot).actual() / ONE;
  }

  /** The mean and where 95 % of the draws' lie; empty where the slot has none. */
  public static Optional<PairedBootstrap.Interval> interval(PairedDraws draws, int slot) {
    return PairedBootstrap.interval(draws, Metric.DICE, slot);
  }
}
