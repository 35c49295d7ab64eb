package stillhouse.student;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * The prompt encoder and mask decoder of a student that takes prompts; what a YAML leaves out is
 * SAM's. Its channels are the embedding's.
 *
 * @param depth blocks of the two-way transformer
 * @param heads of each attention
 * @param mlp channels within a block's MLP
 * @param doublings from the embedding's grid to the masks': 2 as SAM, 1 for masks half as fine
 * @param densePoints whether it takes points alone: no boxes, no earlier mask
 * @param frequencies deviation of the random frequencies by which places are told, in turns from an
 *     image's middle to its edge: 1 as SAM's, for 64×64 cells; less for fewer, which learn sooner
 * @param start what its weights start from
 */
public record PromptSettings(
    Integer depth,
    Integer heads,
    Integer mlp,
    Integer doublings,
    Boolean densePoints,
    Double frequencies,
    Start start)
    implements Serializable {
  private static final int DEPTH = 2;
  private static final int HEADS = 8;
  private static final int MLP = 2048;
  private static final int DOUBLINGS = 2;
  private static final double FREQUENCIES = 1;

  /** What a decoder's weights start from. */
  public enum Start {
    /** The teacher's own decoder, name by name. */
    @JsonProperty("teacher")
    TEACHER,
    /** Random values. */
    @JsonProperty("fresh")
    FRESH
  }

  public PromptSettings {
    depth = depth == null ? (Integer) DEPTH : depth;
    heads = heads == null ? (Integer) HEADS : heads;
    mlp = mlp == null ? (Integer) MLP : mlp;
    doublings = doublings == null ? (Integer) DOUBLINGS : doublings;
    densePoints = densePoints == null ? (Boolean) false : densePoints;
    start = start == null ? Start.TEACHER : start;
    if (frequencies != null && frequencies != FREQUENCIES && start == Start.TEACHER) {
      throw new IllegalArgumentException(
          "Invalid prompt: frequencies stands beside start: teacher, whose decoder has frequencies of its own (leave one of the two out)");
    }
    frequencies = frequencies == null ? (Double) FREQUENCIES : frequencies;
  }
}
