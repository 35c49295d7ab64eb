package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * @param embedding the representation that distillation aligns, [B, C, h, w]
 * @param logits one channel a foreground class, pre-sigmoid, [B, K, H, W] at the input's resolution
 * @param levels the encoder's maps, finest first, [B, C_i, h_i, w_i]; they may be none
 */
public record StudentOutput(NDArray embedding, NDArray logits, List<NDArray> levels) {
  public StudentOutput {
    levels = List.copyOf(levels);
  }

  /** Of a student whose encoder shows no maps of its own. */
  public StudentOutput(NDArray embedding, NDArray logits) {
    this(embedding, logits, List.of());
  }
}
