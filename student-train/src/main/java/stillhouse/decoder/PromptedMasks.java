package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;

/**
 * A decoder's answers to P prompts: the mask for an unambiguous prompt, then the alternatives for
 * an ambiguous one.
 *
 * @param masks logits before the sigmoid, [P, M, h, w]
 * @param ious predicted, [P, M]
 */
public record PromptedMasks(NDArray masks, NDArray ious) {
  /** The one for a prompt of several points, or of a box, [P, 1, h, w] and [P, 1]. */
  public PromptedMasks single() {
    return part(":,:1");
  }

  /** Those for a prompt of one point, [P, M − 1, h, w] and [P, M − 1]. */
  public PromptedMasks alternatives() {
    return part(":,1:");
  }

  private PromptedMasks part(String which) {
    NDIndex index = new NDIndex(which);
    return new PromptedMasks(masks.get(index), ious.get(index));
  }
}
