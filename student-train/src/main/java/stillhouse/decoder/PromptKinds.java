package stillhouse.decoder;

import java.util.List;

/** What a decoder can be asked by. */
public enum PromptKinds {
  /** SAM's own: points, boxes (two corners each) and an earlier mask. */
  ALL(List.of(0, 1, 2, 3)),
  /**
   * Points alone, many of them: neither corner embeddings nor the path of an earlier mask. Source:
   * seed sam2-6mb-student, "dense point-only inputs".
   */
  DENSE_POINTS(List.of(0, 1));

  /** The label of what stands for no point. */
  static final int PADDING = -1;

  private final List<Integer> labels;

  PromptKinds(List<Integer> labels) {
    this.labels = labels;
  }

  /**
   * SAM's labels with an embedding each: 0 a point beside the object, 1 one on it, 2 and 3 a box's
   * corners (top left, bottom right).
   */
  List<Integer> labels() {
    return labels;
  }

  /** Whether an earlier mask may go in with the points. */
  public boolean takesMask() {
    return this == ALL;
  }
}
