package stillhouse.loss;

import java.io.Serializable;

/**
 * How a student is asked while it learns to be asked.
 *
 * @param objects of a sample that are asked about, at most; others are drawn the next epoch
 * @param minArea pixels of the student's input below which a component is no object
 * @param pointShare of the objects that are asked about by a point at first; the others by their
 *     box
 * @param iterations rounds after the first, each with a point more where answer and target disagree
 * @param earlierMask whether a round's mask goes in with the next round's points, where the decoder
 *     has a way in for it
 */
record PromptRounds(
    Integer objects, Integer minArea, Double pointShare, Integer iterations, Boolean earlierMask)
    implements Serializable {
  private static final int OBJECTS = 16; // EdgeSAM's
  private static final int ITERATIONS = 2; // EdgeSAM's
  private static final int MIN_AREA = 16;

  /** The published. */
  static final PromptRounds DEFAULT = new PromptRounds(null, null, null, null, null);

  PromptRounds {
    objects = objects == null ? (Integer) OBJECTS : objects;
    minArea = minArea == null ? (Integer) MIN_AREA : minArea;
    pointShare = pointShare == null ? (Double) 0.5 : pointShare;
    iterations = iterations == null ? (Integer) ITERATIONS : iterations;
    earlierMask = earlierMask == null ? (Boolean) true : earlierMask;
    if (objects < 1 || minArea < 1 || iterations < 0 || !(pointShare >= 0 && pointShare <= 1)) {
      throw new IllegalArgumentException(
          "Invalid prompts: objects %d, minArea %d, iterations %d, pointShare %s (must be >= 1, >= 1, >= 0 and 0…1)"
              .formatted(objects, minArea, iterations, pointShare));
    }
  }
}
