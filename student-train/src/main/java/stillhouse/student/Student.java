package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/**
 * A network small enough for an edge device. Input: RGB in 0…1, [B, 3, H, W]; its normalisation is
 * its first layer, so that what ships needs none outside. Output: {@link StudentOutput}; a pixel
 * belongs to the class of its largest logit where that is positive, else to the background.
 */
public interface Student {
  /** Prefix of the names of the tensors that ship. */
  String PREFIX = "student.";

  StudentOutput forward(NDArray image, boolean training);

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
