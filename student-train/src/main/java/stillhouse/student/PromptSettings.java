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
 * @param proposals boxes of what is an object in a data set, which go in with a lone point; null:
 *     it proposes none
 */
public record PromptSettings(
    Integer depth,
    Integer heads,
    Integer mlp,
    Integer doublings,
    Boolean densePoints,
    Double frequencies,
    Start start,
    Proposals proposals)
    implements Serializable {
  private static final int DEPTH = 2;
  private static final int HEADS = 8;
  private static final int MLP = 2048;
  private static final int DOUBLINGS = 2;
  private static final double FREQUENCIES = 1;

  /**
   * A head that proposes boxes.
   *
   * @param channels of its two 3×3 convolutions
   */
  public record Proposals(int channels) implements Serializable {}

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
    if (proposals != null && densePoints) {
      throw new IllegalArgumentException(
          "Invalid prompt: proposals stands beside densePoints: true, and a decoder of points alone takes no box (leave one of the two out)");
    }
  }

  /** What the decoder is, by which students were told apart before there were proposals. */
  String ofDecoder() {
    return "PromptSettings[depth=%s, heads=%s, mlp=%s, doublings=%s, densePoints=%s, frequencies=%s, start=%s]"
        .formatted(depth, heads, mlp, doublings, densePoints, frequencies, start);
  }
}
