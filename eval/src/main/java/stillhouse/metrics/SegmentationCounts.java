package stillhouse.metrics;

import java.io.Serializable;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * The counts of many images, summed, and the sums of their own scores. Everything is an integer, so
 * that {@link #plus} is associative and commutative to the bit. Immutable.
 *
 * <p>{@link #value} and {@link #mean} score the data set as one large image; {@link #imageMean}
 * averages the scores of single images, those left out in which the class is absent from both
 * masks.
 */
public final class SegmentationCounts implements ClassCounts, Serializable {
  private static final long serialVersionUID = 1L;

  // 2^40: an image's score is kept to 1e-12, and eight million images fit in a long.
  private static final double UNITS = 0x1p40;
  private static final Metric[] METRICS = Metric.values();

  private final int classes;
  private final long images;
  private final long[] counts;
  private final long[] scoreSums;
  private final long[] scoredImages;

  private SegmentationCounts(
      int classes, long images, long[] counts, long[] scoreSums, long[] scoredImages) {
    this.classes = classes;
    this.images = images;
    this.counts = counts;
    this.scoreSums = scoreSums;
    this.scoredImages = scoredImages;
  }

  public static SegmentationCounts zero(int classes) {
    int slots = METRICS.length * (CountLayout.checkClasses(classes) + 2);
    return new SegmentationCounts(
        classes, 0, new long[CountLayout.length(classes)], new long[slots], new long[slots]);
  }

  public SegmentationCounts plus(ImageCounts image) {
    checkSame(image.classes());
    SegmentationCounts sum = copy(images + 1);
    image.addTo(sum.counts);
    for (Metric metric : METRICS) {
      for (int c = 0; c <= classes; c++) {
        sum.addScore(sum.slot(metric, c), image.value(metric, c));
      }
      sum.addScore(sum.slot(metric, classes + 1), image.mean(metric));
    }
    return sum;
  }

  public SegmentationCounts plus(SegmentationCounts other) {
    checkSame(other.classes);
    SegmentationCounts sum = copy(images + other.images);
    add(other.counts, sum.counts);
    add(other.scoreSums, sum.scoreSums);
    add(other.scoredImages, sum.scoredImages);
    return sum;
  }

  public long images() {
    return images;
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

  /**
   * The mean of the images' own scores of one class.
   *
   * @param classId 1…K, or {@link ClassCounts#FOREGROUND}
   */
  public OptionalDouble imageMean(Metric metric, int classId) {
    return score(slot(metric, CountLayout.checkClass(classId, classes)));
  }

  /** The mean over images of each image's mean over the classes that it has. */
  public OptionalDouble imageMean(Metric metric) {
    return score(slot(metric, classes + 1));
  }

  private OptionalDouble score(int slot) {
    return scoredImages[slot] == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(scoreSums[slot] / UNITS / scoredImages[slot]);
  }

  private void addScore(int slot, OptionalDouble score) {
    if (score.isPresent()) {
      scoreSums[slot] += Math.round(score.getAsDouble() * UNITS);
      scoredImages[slot]++;
    }
  }

  private int slot(Metric metric, int index) {
    return metric.ordinal() * (classes + 2) + index;
  }

  private SegmentationCounts copy(long ofImages) {
    return new SegmentationCounts(
        classes, ofImages, counts.clone(), scoreSums.clone(), scoredImages.clone());
  }

  private void checkSame(int otherClasses) {
    if (otherClasses != classes) {
      throw new IllegalArgumentException(
          "Cannot add counts of %d classes to counts of %d".formatted(otherClasses, classes));
    }
  }

  private static void add(long[] from, long[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] += from[i];
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SegmentationCounts that
        && images == that.images
        && Arrays.equals(counts, that.counts)
        && Arrays.equals(scoreSums, that.scoreSums)
        && Arrays.equals(scoredImages, that.scoredImages);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(counts);
  }

  @Override
  public String toString() {
    return "SegmentationCounts[images=" + images + ", counts=" + Arrays.toString(counts) + "]";
  }
}
