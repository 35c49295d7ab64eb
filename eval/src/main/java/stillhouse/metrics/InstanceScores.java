package stillhouse.metrics;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Average precision of instances, by the overlap of their masks or also of their boundaries.
 *
 * <p>Source: the COCO evaluation (Lin et al., 2014, by its published code): of the thresholds 0.50,
 * 0.55 … 0.95 the mean of the areas under the precision-recall curve, precision made monotone and
 * read at recalls 0, 0.01 … 1. Departures: detections of equal score, which is kept to three
 * digits, enter together, so that no order of files decides; there is no most of detections an
 * image (the published code has 100); recalls are compared as whole numbers.
 */
public final class InstanceScores {
  private static final int RECALLS = 100;

  /** What must overlap. */
  public enum Overlap {
    MASK,
    BOUNDARY;

    int reached(Detection detection) {
      return this == MASK ? detection.mask() : detection.boundary();
    }
  }

  private final List<Long> truths;
  private final List<List<Map.Entry<Detection, Long>>> detections; // by class, the surest first

  /**
   * @param truths instances by class, that of class c at c − 1
   * @param detections how many there are of each
   */
  public InstanceScores(List<Long> truths, Map<Detection, Long> detections) {
    this.truths = List.copyOf(truths);
    Map<Integer, List<Map.Entry<Detection, Long>>> byClass =
        detections.entrySet().stream()
            .sorted(Comparator.comparingInt(e -> -e.getKey().score()))
            .collect(Collectors.groupingBy(e -> e.getKey().classId()));
    this.detections =
        classIds().mapToObj(c -> byClass.getOrDefault(c, List.of())).map(List::copyOf).toList();
  }

  /** Of no instances at all, or of images whose instances are not counted. */
  public static InstanceScores none() {
    return new InstanceScores(List.of(), Map.of());
  }

  /** Instances of the truth. */
  public long instances() {
    return truths.stream().mapToLong(Long::longValue).sum();
  }

  /**
   * The mean over thresholds.
   *
   * @param classId 1…K
   * @return empty where the truth has no instance of the class
   */
  public OptionalDouble average(Overlap overlap, int classId) {
    return IntStream.rangeClosed(1, Detection.THRESHOLDS)
        .mapToObj(threshold -> average(overlap, classId, threshold))
        .flatMapToDouble(OptionalDouble::stream)
        .average();
  }

  /** The mean over classes that the truth has instances of, and over thresholds. */
  public OptionalDouble mean(Overlap overlap) {
    return classIds()
        .mapToObj(c -> average(overlap, c))
        .flatMapToDouble(OptionalDouble::stream)
        .average();
  }

  /**
   * The mean over classes at one threshold.
   *
   * @param threshold 1 for 0.50, 2 for 0.55 … 10 for 0.95
   */
  public OptionalDouble mean(Overlap overlap, int threshold) {
    return classIds()
        .mapToObj(c -> average(overlap, c, threshold))
        .flatMapToDouble(OptionalDouble::stream)
        .average();
  }

  private IntStream classIds() {
    return IntStream.rangeClosed(1, truths.size());
  }

  private OptionalDouble average(Overlap overlap, int classId, int threshold) {
    long actual = truths.get(classId - 1);
    if (actual == 0) {
      return OptionalDouble.empty();
    }
    List<Map.Entry<Detection, Long>> ofClass = detections.get(classId - 1);
    long[] found = new long[ofClass.size()];
    double[] precision = new double[ofClass.size()];
    int points = 0;
    long said = 0;
    long right = 0;
    for (int i = 0; i < ofClass.size(); i++) {
      Detection detection = ofClass.get(i).getKey();
      said += ofClass.get(i).getValue();
      right += overlap.reached(detection) >= threshold ? ofClass.get(i).getValue() : 0;
      boolean last =
          i + 1 == ofClass.size() || ofClass.get(i + 1).getKey().score() != detection.score();
      if (last) {
        found[points] = right;
        precision[points] = (double) right / said;
        points++;
      }
    }
    return OptionalDouble.of(area(found, precision, points, actual));
  }

  private static double area(long[] found, double[] precision, int points, long actual) {
    for (int i = points - 2; i >= 0; i--) {
      precision[i] = Math.max(precision[i], precision[i + 1]);
    }
    double sum = 0;
    int point = 0;
    for (int recall = 0; recall <= RECALLS; recall++) {
      while (point < points && found[point] * RECALLS < recall * actual) {
        point++;
      }
      sum += point < points ? precision[point] : 0;
    }
    return sum / (RECALLS + 1);
  }
}
