package stillhouse.metrics;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Two predictors' counts on the same images, summed by group. Immutable. */
public final class PairedCounts {
  private final int classes;
  private final long[][] a;
  private final long[][] b;

  private PairedCounts(int classes, long[][] a, long[][] b) {
    this.classes = classes;
    this.a = a;
    this.b = b;
  }

  /** One image, or one group's sum, under both predictors. */
  public record Pair(String groupId, ImageCounts a, ImageCounts b) {}

  /** Sums the pairs of each group; groups keep the order of their first pair. */
  public static PairedCounts of(List<Pair> pairs) {
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException("Cannot compare: there is no image that both tables have");
    }
    int classes = pairs.get(0).a().classes();
    Map<String, long[][]> sums = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      if (pair.a().classes() != classes || pair.b().classes() != classes) {
        throw new IllegalArgumentException(
            "Cannot compare counts of %d and %d classes in group %s with counts of %d"
                .formatted(pair.a().classes(), pair.b().classes(), pair.groupId(), classes));
      }
      long[][] sum =
          sums.computeIfAbsent(pair.groupId(), g -> new long[2][CountLayout.length(classes)]);
      pair.a().addTo(sum[0]);
      pair.b().addTo(sum[1]);
    }
    return new PairedCounts(
        classes,
        sums.values().stream().map(s -> s[0]).toArray(long[][]::new),
        sums.values().stream().map(s -> s[1]).toArray(long[][]::new));
  }

  public int groups() {
    return a.length;
  }

  ImageCounts sumA(int[] groups) {
    return sum(a, groups);
  }

  ImageCounts sumB(int[] groups) {
    return sum(b, groups);
  }

  private ImageCounts sum(long[][] from, int[] groups) {
    long[] sum = new long[CountLayout.length(classes)];
    for (int group : groups) {
      long[] counts = from[group];
      for (int i = 0; i < sum.length; i++) {
        sum[i] += counts[i];
      }
    }
    return new ImageCounts(classes, sum);
  }
}
