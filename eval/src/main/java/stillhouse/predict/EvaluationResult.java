package stillhouse.predict;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import stillhouse.metrics.ClassCounts;
import stillhouse.metrics.InstanceScores;
import stillhouse.metrics.Metric;
import stillhouse.metrics.OverlapCounts;
import stillhouse.metrics.SegmentationCounts;

/**
 * What an evaluation found: exact counts, and the metrics that follow from them. All metrics lie in
 * 0…1 and higher is better; one that is not defined (a class absent from truth and prediction) is
 * empty, and left out of {@link #toMap()}.
 *
 * @param classNames foreground classes 1…K
 * @param instances none where they are not counted
 */
public record EvaluationResult(
    List<String> classNames, SegmentationCounts counts, InstanceScores instances) {
  private static final int AT_50 = 1; // thresholds of average precision
  private static final int AT_75 = 6;

  public EvaluationResult {
    classNames = List.copyOf(classNames);
    if (counts.classes() != classNames.size()) {
      throw new IllegalArgumentException(
          "Invalid result: counts of %d classes for %s".formatted(counts.classes(), classNames));
    }
  }

  /** Without instances. */
  EvaluationResult(List<String> classNames, SegmentationCounts counts) {
    this(classNames, counts, InstanceScores.none());
  }

  public long images() {
    return counts.images();
  }

  /** The mean over classes of the data set's metric; of IoU, the mIoU. */
  public OptionalDouble mean(Metric metric) {
    return counts.mean(metric);
  }

  /**
   * The data set's metric of one class.
   *
   * @param classId 1…K, or {@link ClassCounts#FOREGROUND}
   */
  public OptionalDouble value(Metric metric, int classId) {
    return counts.value(metric, classId);
  }

  /**
   * Flat names for a metric table, for each metric of {@link Metric#key()}: {@code iou} is the mean
   * over classes, {@code iou_<class>} one class, {@code foreground_iou} any class against
   * background, all of the summed counts; {@code image_iou} is the mean over images of each image's
   * own mean, {@code image_foreground_iou} of its foreground. {@code mask_ap} and {@code
   * boundary_ap} are the average precision of instances, the mean over classes and thresholds;
   * {@code mask_ap50} that at 0.50, {@code mask_ap_<class>} of one class.
   */
  public Map<String, Double> toMap() {
    Map<String, Double> map = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      put(map, metric.key(), counts.mean(metric));
      for (int c = 1; c <= classNames.size(); c++) {
        put(map, metric.key() + "_" + classNames.get(c - 1), counts.value(metric, c));
      }
      put(map, "foreground_" + metric.key(), counts.value(metric, ClassCounts.FOREGROUND));
      put(map, "image_" + metric.key(), counts.imageMean(metric));
      put(
          map,
          "image_foreground_" + metric.key(),
          counts.imageMean(metric, ClassCounts.FOREGROUND));
    }
    map.put("images", (double) counts.images());
    if (instances.instances() > 0) {
      putPrecision(map);
    }
    return map;
  }

  private void putPrecision(Map<String, Double> map) {
    for (InstanceScores.Overlap overlap : InstanceScores.Overlap.values()) {
      String key = overlap.name().toLowerCase(Locale.ROOT) + "_ap";
      put(map, key, instances.mean(overlap));
      put(map, key + "50", instances.mean(overlap, AT_50));
      put(map, key + "75", instances.mean(overlap, AT_75));
      for (int c = 1; c <= classNames.size(); c++) {
        put(map, key + "_" + classNames.get(c - 1), instances.average(overlap, c));
      }
    }
    map.put("instances", (double) instances.instances());
  }

  /** The metrics of {@link #toMap()} and the counts that they follow from, as JSON. */
  public String toJson() {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = json.createObjectNode();
    root.put("images", counts.images());
    ObjectNode metrics = root.putObject("metrics");
    toMap().forEach(metrics::put);
    ArrayNode classes = root.putArray("counts");
    for (int c = 0; c <= classNames.size(); c++) {
      ObjectNode each = classes.addObject();
      each.put("class", c == 0 ? "(foreground)" : classNames.get(c - 1));
      put(each.putObject("area"), counts.area(c));
      put(each.putObject("boundary"), counts.boundary(c));
    }
    try {
      return json.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A tree of numbers is always JSON", e);
    }
  }

  private static void put(Map<String, Double> map, String name, OptionalDouble value) {
    value.ifPresent(v -> map.put(name, v));
  }

  private static void put(ObjectNode node, OverlapCounts counts) {
    node.put("intersection", counts.intersection())
        .put("predicted", counts.predicted())
        .put("actual", counts.actual());
  }
}
