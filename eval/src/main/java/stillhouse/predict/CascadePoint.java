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
 */
public record CascadePoint(double threshold, long images, long asked, SegmentationCounts counts)
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
  public double millis(double student, double teacher) {
    return student + teacherShare() * teacher;
  }
}
