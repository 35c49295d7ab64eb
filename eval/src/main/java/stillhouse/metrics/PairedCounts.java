package stillhouse.metrics;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Two predictors' counts on the same images, summed by group. Immutable. */
public final class PairedCounts {
  private final int classes;
  private final long[][] groups;

  private PairedCounts(int classes, long[][] groups) {
    this.classes = classes;
    this.groups = groups;
  }

  /** One image, or one group's sum, under both predictors. */
  public record Pair(String groupId, ImageCounts a, ImageCounts b) {}

  /** Sums the pairs of each group; groups keep the order of their first pair. */
  public static PairedCounts of(List<Pair> pairs) {
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException("Cannot compare: there is no image that both tables have");
    }
    int classes = pairs.get(0).a().classes();
    Map<String, long[]> sums = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      if (pair.a().classes() != classes || pair.b().classes() != classes) {
        throw new IllegalArgumentException(
            "Cannot compare counts of %d and %d classes in group %s with counts of %d"
                .formatted(pair.a().classes(), pair.b().classes(), pair.groupId(), classes));
      }
      long[] sum =
          sums.computeIfAbsent(pair.groupId(), g -> new long[2 * CountLayout.length(classes)]);
      long[] counts = joined(pair.a(), pair.b());
      Arrays.setAll(sum, i -> sum[i] + counts[i]);
    }
    return new PairedCounts(classes, sums.values().toArray(long[][]::new));
  }

  public int groups() {
    return groups.length;
  }

  int classes() {
    return classes;
  }

  /** The sum over groups, each as often as it is named: A's counts, then B's. */
  long[] sum(int[] named) {
    long[] sum = new long[2 * CountLayout.length(classes)];
    for (int group : named) {
      long[] counts = groups[group];
      for (int i = 0; i < sum.length; i++) {
        sum[i] += counts[i];
      }
    }
    return sum;
  }

  /** A's counts, then B's. */
  static long[] joined(ImageCounts a, ImageCounts b) {
    int length = CountLayout.length(a.classes());
    long[] joined = Arrays.copyOf(a.toArray(), 2 * length);
    System.arraycopy(b.toArray(), 0, joined, length, length);
    return joined;
  }
}
