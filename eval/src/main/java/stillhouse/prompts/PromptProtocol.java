package stillhouse.prompts;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What is asked about each object: a point in its middle, then so many clicks more, each where the
 * answer before was most wrong; and its box, by itself.
 *
 * @param clicks after the first point, 1…20
 * @param minArea objects of fewer pixels are left out
 * @param maxArea of a first point's candidate masks the surest over at most this share of the image
 *     is the answer, 0…1; 1 for the surest, as SAM's evaluation has it
 * @param points whether the teacher takes points: of one that takes boxes alone boxes are asked
 * @param boxes whether it takes boxes: of one that takes points alone points are asked
 */
public record PromptProtocol(int clicks, int minArea, double maxArea, boolean points, boolean boxes)
    implements Serializable {
  public static final int MOST_CLICKS = 20; // RITM's evaluation gives up there

  public PromptProtocol {
    if (clicks < 1 || clicks > MOST_CLICKS) {
      throw new IllegalArgumentException(
          "Invalid clicks: %d (must be 1…%d)".formatted(clicks, MOST_CLICKS));
    }
    if (!points && !boxes) {
      throw new IllegalArgumentException("Invalid protocol: neither points nor boxes are asked");
    }
    if (minArea < 1 || !(maxArea > 0 && maxArea <= 1)) {
      throw new IllegalArgumentException(
          "Invalid protocol: minArea %d (must be ≥ 1), maxArea %s (must be > 0 and ≤ 1)"
              .formatted(minArea, maxArea));
    }
  }

  /** What is measured of each answer. */
  public enum Measure {
    /** Of the answer with the object. */
    IOU,
    /** The same of the pixels near their edges. */
    BOUNDARY_IOU,
    /** The network's own estimate, cut to 0…1. */
    PREDICTED_IOU,
    /** |estimate − IoU|. */
    IOU_ERROR
  }

  /** A question of {@link #questions} in words: {@code + 2 clicks}. */
  public static String words(String question) {
    return switch (question) {
      case "point" -> "1 point";
      case "click_1" -> "+ 1 click";
      case "box" -> "its box";
      default -> "+ " + question.substring("click_".length()) + " clicks";
    };
  }

  /** The questions by the names that tables and metrics give them, in the order of asking. */
  public List<String> questions() {
    List<String> questions = new ArrayList<>();
    if (points) {
      questions.add("point");
      for (int click = 1; click <= clicks; click++) {
        questions.add("click_" + click);
      }
    }
    if (boxes) {
      questions.add("box");
    }
    return questions;
  }

  int slots() {
    return questions().size() * Measure.values().length;
  }

  /**
   * Where a measure's values stand in {@link stillhouse.metrics.MeanCounts}.
   *
   * @param question its place in {@link #questions}
   */
  static int slot(int question, Measure measure) {
    return 1 + question * Measure.values().length + measure.ordinal();
  }
}
