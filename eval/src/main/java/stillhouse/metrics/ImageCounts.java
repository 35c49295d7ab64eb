package stillhouse.metrics;

import java.io.Serializable;
import java.util.Arrays;

/** The counts of one image. Immutable. */
public final class ImageCounts implements ClassCounts, Serializable {
  private static final long serialVersionUID = 1L;

  private final int classes;
  private final long[] counts;

  ImageCounts(int classes, long[] counts) {
    this.classes = CountLayout.checkClasses(classes);
    if (counts.length != CountLayout.length(classes)) {
      throw new IllegalArgumentException(
          "Invalid counts: %d values for %d classes (must be %d)"
              .formatted(counts.length, classes, CountLayout.length(classes)));
    }
    this.counts = counts;
  }

  /** The counts that {@link #toArray()} gave. */
  public static ImageCounts fromArray(int classes, long[] counts) {
    return new ImageCounts(classes, counts.clone());
  }

  /** [area, boundary][class 0…K][intersection, predicted, actual], flattened. */
  public long[] toArray() {
    return counts.clone();
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public OverlapCounts area(int classId) {
    return CountLayout.areaOf(counts, classes, classId);
  }

  @Override
  public OverlapCounts boundary(int classId) {
    return CountLayout.boundaryOf(counts, classes, classId);
  }

  void addTo(long[] sums) {
    for (int i = 0; i < counts.length; i++) {
      sums[i] += counts[i];
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ImageCounts that
        && classes == that.classes
        && Arrays.equals(counts, that.counts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(counts);
  }

  @Override
  public String toString() {
    return "ImageCounts" + Arrays.toString(counts);
  }
}
