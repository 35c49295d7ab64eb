package stillhouse.points;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import stillhouse.teacher.MaskSelection;

/**
 * How a student of points asks itself about an image.
 *
 * @param points K, at most so many of an image
 * @param threshold of the probability that any class is there, above which a cell may be asked
 *     about; between 0 and 1
 * @param minIou answers of a smaller predicted IoU are dropped, 0…1
 * @param overlap a mask whose IoU with a better one is this or more is the same object again, 0…1
 * @param maxArea masks over a larger share of the image are no objects, 0…1
 */
public record PointSettings(
    int points, double threshold, double minIou, double overlap, double maxArea)
    implements Serializable {
  /** The joined file unrolls K − 1 steps and holds K masks of each class. */
  private static final int MOST = 64;

  /** A surface of as many defects is rare, and each point costs a decoder's call. */
  public static final int POINTS = 16;

  /** Where the head itself says "something". */
  public static final double THRESHOLD = 0.5;

  public static final double MIN_IOU = 0.5;
  public static final double OVERLAP = 0.5;

  /** As prompt plans have it: a larger mask is the background. */
  public static final double MAX_AREA = 0.5;

  public PointSettings {
    if (points < 1 || points > MOST) {
      throw new IllegalArgumentException(
          "Invalid points: %d (must be 1…%d)".formatted(points, MOST));
    }
    if (!(threshold > 0 && threshold < 1)) {
      throw new IllegalArgumentException(
          "Invalid threshold of points: %s (must be > 0 and < 1)".formatted(threshold));
    }
    new MaskSelection(points, overlap, minIou, maxArea); // refuses what it can't take
  }

  public static PointSettings standard() {
    return new PointSettings(POINTS, THRESHOLD, MIN_IOU, OVERLAP, MAX_AREA);
  }

  /** Which of the answers are kept. */
  public MaskSelection selection() {
    return new MaskSelection(points, overlap, minIou, maxArea);
  }

  /** The logit that a cell must exceed: ln(t / (1 − t)). */
  public float leastLogit() {
    return (float) Math.log(threshold / (1 - threshold));
  }

  /** As a file's metadata says it. */
  public Map<String, String> properties() {
    Map<String, String> all = new TreeMap<>();
    all.put("stillhouse.points", String.valueOf(points));
    all.put("stillhouse.points.threshold", String.valueOf(threshold));
    all.put("stillhouse.points.min_iou", String.valueOf(minIou));
    all.put("stillhouse.points.overlap", String.valueOf(overlap));
    all.put("stillhouse.points.max_area", String.valueOf(maxArea));
    return all;
  }
}
