package stillhouse.teacher;

import stillhouse.tensor.FloatTensor;

/**
 * The best mask of one prompt, by predicted IoU.
 *
 * @param logits [h, w] over the whole image, pre-sigmoid, mapped to the original image's frame
 *     (letter-box padding cut away)
 * @param predictedIou the network's own estimate, in 0…1 where it is calibrated
 */
public record MaskAnswer(FloatTensor logits, float predictedIou) {
  /** Of the image that the mask covers, 0…1: where its logits are positive. */
  double share() {
    BitMask mask = BitMask.positive(logits);
    return (double) mask.area() / mask.cells();
  }
}
