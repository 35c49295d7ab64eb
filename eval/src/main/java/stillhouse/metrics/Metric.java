package stillhouse.metrics;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;
import java.util.OptionalDouble;

/** The overlap metrics. All lie in 0…1 and higher is better. */
public enum Metric {
  /** Intersection over union of a class's pixels. */
  @JsonProperty("iou")
  IOU,
  /**
   * Intersection over union of the pixels within d of a class's edge (Cheng et al., "Boundary IoU",
   * CVPR 2021). It equals IoU on objects that are nowhere thicker than 2d.
   */
  @JsonProperty("boundary_iou")
  BOUNDARY_IOU,
  /** F1 of a class's pixels: 2·IoU / (1 + IoU). */
  @JsonProperty("dice")
  DICE;

  /** Its name in metric tables and in MLflow. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  OptionalDouble of(ClassCounts counts, int classId) {
    return switch (this) {
      case IOU -> counts.area(classId).iou();
      case BOUNDARY_IOU -> counts.boundary(classId).iou();
      case DICE -> counts.area(classId).dice();
    };
  }
}
