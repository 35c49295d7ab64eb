package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;

/**
 * What one batch is held against. Every tensor has its batch first; a loss reads what it needs and
 * leaves the rest alone.
 *
 * @param truth one-hot foreground classes as 0 / 1, [B, K, H, W] at the student's input resolution;
 *     zeros where a sample has no label
 * @param valid 1 where a pixel counts and 0 at the ignore label, [B, 1, H, W]; zeros where a sample
 *     has no label. No elements where every pixel of every sample counts: a mask of ones is a pass
 *     over memory for nothing
 * @param teacherLogits one channel a foreground class, pre-sigmoid, [B, K, h, w]
 * @param teacherEmbedding the cached layer on the alignment grid, [B, C, g, g]
 * @param structure E, C and D on the alignment grid, [B, 3, g, g], raw
 * @param noise where the random values of this step come from
 */
public record Targets(
    NDArray truth,
    NDArray valid,
    NDArray teacherLogits,
    NDArray teacherEmbedding,
    NDArray structure,
    Noise noise) {
  /**
   * Of samples {@code from} to {@code to − 1} alone.
   *
   * @param owner of the tensors, which share the whole ones' memory
   */
  public Targets part(NDManager owner, int from, int to) {
    return new Targets(
        part(truth, owner, from, to),
        part(valid, owner, from, to),
        part(teacherLogits, owner, from, to),
        part(teacherEmbedding, owner, from, to),
        part(structure, owner, from, to),
        noise.part(from, to));
  }

  /**
   * x at pixels that count, 0 elsewhere.
   *
   * @param x [B, any, H, W]
   */
  NDArray counted(NDArray x) {
    return valid.isEmpty() ? x : x.mul(valid);
  }

  /** How many pixels of each sample count, [B]. */
  NDArray countedPixels() {
    Shape shape = truth.getShape();
    return valid.isEmpty()
        ? truth.getManager().full(new Shape(shape.get(0)), shape.get(2) * shape.get(3))
        : FeatureMaps.sumPerSample(valid);
  }

  /** A tensor that no loss reads has no elements, and stays as it is. */
  private static NDArray part(NDArray whole, NDManager owner, int from, int to) {
    if (whole.isEmpty()) {
      return whole;
    }
    NDArray part = whole.get(new NDIndex("{}:{}", from, to));
    part.attach(owner);
    return part;
  }

  /** The teacher's logits at the size of the student's, resized as logits: [B, K, H, W]. */
  NDArray logitsLike(NDArray student) {
    Shape shape = student.getShape();
    NDArray teacher = FeatureMaps.requireChannels(teacherLogits, shape.get(1), "teacher logits");
    return Bilinear.resize(teacher, shape.get(2), shape.get(3));
  }
}
