package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/**
 * K logits read as one choice among K + 1 classes, the background first, by a softmax in which the
 * background's logit is 0:
 *
 * <pre>
 *   p_0 = 1 / (1 + Σ_k exp s_k),   p_k = exp s_k / (1 + Σ_k exp s_k)
 * </pre>
 *
 * A softmax over K + 1 free logits says no more, as it takes the same value with a number added to
 * all of them. The most likely class is that of the largest logit where it is positive, else the
 * background: the rule by which students are scored. For K = 1 p is the sigmoid.
 */
final class Categorical {
  private static final int[] CLASSES = {1};

  private Categorical() {}

  /** [B, K, H, W] to [B, K + 1, H, W]. */
  static NDArray logits(NDArray foreground) {
    Shape s = foreground.getShape();
    NDArray background = foreground.getManager().zeros(new Shape(s.get(0), 1, s.get(2), s.get(3)));
    return NDArrays.concat(new NDList(background, foreground), 1);
  }

  /** One-hot foreground classes, [B, K, H, W], with the background's channel: [B, K + 1, H, W]. */
  static NDArray oneHot(NDArray truth) {
    NDArray background = truth.sum(CLASSES, true).neg().add(1);
    return NDArrays.concat(new NDList(background, truth), 1);
  }

  /** The most likely class of each position as one-hot, [B, K + 1, H, W]; the first of equals. */
  static NDArray mostLikely(NDArray logits) {
    return logits.argMax(1).oneHot((int) logits.getShape().get(1)).transpose(0, 3, 1, 2);
  }

  /** KL(p ‖ q) summed over the channels: [B, C, …] twice, log-probabilities, to [B, …]. */
  static NDArray divergence(NDArray logP, NDArray logQ) {
    return logP.exp().mul(logP.sub(logQ)).sum(CLASSES);
  }
}
