package stillhouse.train;

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

  long bytes() {
    return length(pixels) + length(mask) + length(embedding) + length(structure) + length(logits);
  }

  private static long length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }
}
