package stillhouse.predict;

import java.io.Serializable;
import java.util.OptionalDouble;
import stillhouse.metrics.Metric;
import stillhouse.metrics.SegmentationCounts;

/**
 * A cascade at one threshold: the teacher answers where the student's uncertainty is greater, the
 * student everywhere else.
 *
 * @param images of which the counts are
 * @param asked how many of them the teacher answered
 * @param prompts that it was given about those
 */
public record CascadePoint(
    double threshold, long images, long asked, long prompts, SegmentationCounts counts)
    implements Serializable {
  /** The share of images that the teacher answers, 0…1. */
  public double teacherShare() {
    return (double) asked / images;
  }

  public double studentShare() {
    return (double) (images - asked) / images;
  }

  /** The mean over classes. */
  public OptionalDouble mean(Metric metric) {
    return counts.mean(metric);
  }

  /**
   * Milliseconds an image: every image is shown to the student, and some to the teacher after it.
   */
  public double millis(CascadeCost cost) {
    return cost.student() + teacherMillis(cost);
  }

  /** The teacher's part of them: its encoder for each image that it answers, then each prompt. */
  public double teacherMillis(CascadeCost cost) {
    return (asked * cost.encoder() + prompts * cost.prompt()) / images;
  }
}
