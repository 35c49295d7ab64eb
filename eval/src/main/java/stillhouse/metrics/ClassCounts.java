package stillhouse.metrics;

import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** Counts a class, of one image or of many. */
public sealed interface ClassCounts permits ImageCounts, SegmentationCounts {
  /** Stands for "any class": foreground against background. */
  int FOREGROUND = 0;

  /** K: the number of foreground classes. */
  int classes();

  /**
   * Pixels of one class.
   *
   * @param classId 1…K, or {@link #FOREGROUND}
   */
  OverlapCounts area(int classId);

  /**
   * Pixels of one class that are within d of its edge.
   *
   * @param classId 1…K, or {@link #FOREGROUND}
   */
  OverlapCounts boundary(int classId);

  /** Empty where the class is absent from truth and prediction. */
  default OptionalDouble value(Metric metric, int classId) {
    return metric.of(this, classId);
  }

  /** The mean over classes 1…K that truth or prediction have; empty where there is none. */
  default OptionalDouble mean(Metric metric) {
    return IntStream.rangeClosed(1, classes())
        .mapToObj(c -> value(metric, c))
        .filter(OptionalDouble::isPresent)
        .mapToDouble(OptionalDouble::getAsDouble)
        .average();
  }
}
