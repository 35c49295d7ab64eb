package stillhouse.train;

import java.util.Optional;

/**
 * One row of a view as it is stored. Arrays are shared; what was not read, or is not there, is
 * null.
 *
 * @param view its name; null in a view of images as they are
 * @param pixels uint8 [H, W, 3]
 * @param mask uint8 [H, W]; null for an unlabelled sample too
 * @param embedding fp16 little-endian [C, g, g]
 * @param structure fp32 little-endian [3, g, g]
 * @param logits fp16 little-endian [K, h, w]
 */
record ViewSample(
    String id,
    float weight,
    boolean labelled,
    String view,
    byte[] pixels,
    byte[] mask,
    byte[] embedding,
    byte[] structure,
    byte[] logits) {

  /** With another weight, all else shared; empty where it would be 0: it does not take part. */
  Optional<ViewSample> times(float factor) {
    if (factor == 1) {
      return Optional.of(this);
    }
    return factor == 0
        ? Optional.empty()
        : Optional.of(
            new ViewSample(
                id, weight * factor, labelled, view, pixels, mask, embedding, structure, logits));
  }

  long bytes() {
    return length(pixels) + length(mask) + length(embedding) + length(structure) + length(logits);
  }

  private static long length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }
}
