package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Set;
import stillhouse.onnx.OnnxGraph;

/**
 * A network small enough for an edge device. Input: RGB in 0…1, [B, 3, H, W]; its normalisation is
 * its first layer, so that what ships needs none outside. Output: {@link StudentOutput}; a pixel
 * belongs to the class of its largest logit where that is positive, else to the background.
 */
public interface Student {
  /** Prefix of the names of the tensors that ship. */
  String PREFIX = "student.";

  /**
   * @param training the parts in training form, which take batch statistics and move the running
   *     ones; the others are in inference form
   */
  StudentOutput forward(NDArray image, Set<Part> training);

  /** All of {@link Part#ALL} in training form, or nothing. */
  default StudentOutput forward(NDArray image, boolean training) {
    return forward(image, training ? Part.ALL : Part.NONE);
  }

  /** The part that one of its tensors belongs to, statistics among them. */
  default Part partOf(String tensor) {
    if (tensor.startsWith(PREFIX + "prompt_encoder.")
        || tensor.startsWith(PREFIX + "mask_decoder.")) {
      return Part.PROMPTS;
    }
    if (tensor.startsWith(ProposalHead.PREFIX)) {
      return Part.PROPOSALS;
    }
    return tensor.startsWith(PREFIX + "head.") ? Part.DECODER : Part.ENCODER;
  }

  /** Channels of {@link StudentOutput#embedding()}. */
  int embeddingChannels();

  /** Channels of each of {@link StudentOutput#levels()}. */
  default List<Integer> levelChannels() {
    return List.of();
  }

  /** Input pixels per embedding cell, along one side. */
  int embeddingStride();

  int classes();

  /**
   * Appends the whole network: input {@code image}, outputs {@code logits} and {@code embedding}.
   */
  void export(OnnxGraph graph);
}
