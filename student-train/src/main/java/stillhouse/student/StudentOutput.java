package stillhouse.student;

import ai.djl.ndarray.NDArray;

/**
 * @param embedding the representation that distillation aligns, [B, C, h, w]
 * @param logits one channel a foreground class, pre-sigmoid, [B, K, H, W] at the input's resolution
 */
public record StudentOutput(NDArray embedding, NDArray logits) {}
