package stillhouse.teacher;

import java.util.Arrays;
import java.util.List;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/** A promptable teacher's answers as one dense target: a class is the union of its objects. */
public final class SoftTarget {
  /** The logit of a class that no prompt asked about: σ(−10) = 4.5e-5, a sure "not here". */
  public static final float ABSENT = -10f;

  private SoftTarget() {}

  /**
   * One prompt's answer for its class.
   *
   * @param classId 1…K
   * @param logits [h, w] over the whole image, of any resolution
   */
  public record ClassLogits(int classId, FloatTensor logits) {
    public ClassLogits {
      if (logits.rank() != 2) {
        throw new IllegalArgumentException(
            "Invalid logits of class " + classId + ": " + logits + " (must be [h, w])");
      }
    }
  }

  /**
   * t_k(i) = max over the prompts of class k of their logits at i, resized bilinearly to h×w;
   * {@link #ABSENT} everywhere where a class has no prompt.
   *
   * @return [K, h, w], channel k − 1 for class k
   */
  public static FloatTensor compose(int classes, int h, int w, List<ClassLogits> answers) {
    float[] target = new float[classes * h * w];
    Arrays.fill(target, Float.NEGATIVE_INFINITY);
    boolean[] asked = new boolean[classes];
    for (ClassLogits answer : answers) {
      if (answer.classId < 1 || answer.classId > classes) {
        throw new IllegalArgumentException(
            "Invalid class of an answer: " + answer.classId + " (must be 1…" + classes + ")");
      }
      int channel = answer.classId - 1;
      asked[channel] = true;
      float[] logits = resized(answer.logits, h, w);
      for (int i = 0, o = channel * h * w; i < logits.length; i++, o++) {
        target[o] = Math.max(target[o], logits[i]);
      }
    }
    for (int k = 0; k < classes; k++) {
      if (!asked[k]) {
        Arrays.fill(target, k * h * w, (k + 1) * h * w, ABSENT);
      }
    }
    return new FloatTensor(new int[] {classes, h, w}, target);
  }

  private static float[] resized(FloatTensor logits, int h, int w) {
    int[] shape = {1, logits.dim(0), logits.dim(1)};
    return Resize.bilinear(new FloatTensor(shape, logits.data()), h, w).data();
  }
}
