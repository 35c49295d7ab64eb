package stillhouse.points;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import stillhouse.teacher.BitMask;
import stillhouse.teacher.MaskAnswer;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/**
 * What the answers about an image's points come to: logits of each class.
 *
 * <ol>
 *   <li>Non-maximum suppression: from the greatest predicted IoU down an answer is kept unless its
 *       mask's IoU with a kept one is {@code overlap} or more ({@link
 *       stillhouse.teacher.MaskSelection}).
 *   <li>A kept mask is of the class whose probability, σ of the mean logit of each of the mask's
 *       cells, is greatest on average under it, the first of equals.
 *   <li>A class's logit is, cell by cell, the greatest of its masks', at least {@value #NOTHING},
 *       brought to the size of the logits bilinearly. Where masks of two classes overlap, a pixel
 *       is of the greater.
 * </ol>
 */
public final class MergedMasks {
  /** The logit where there is no mask: as answers are composed for training. */
  public static final float NOTHING = -10;

  private MergedMasks() {}

  /**
   * @param answers each [h, w], all of one size, which divides that of the logits
   * @param logits the head's, pre-sigmoid, [C, H, W]
   * @return [C, H, W]
   */
  public static FloatTensor of(
      List<MaskAnswer> answers, FloatTensor logits, PointSettings settings) {
    if (answers.isEmpty()) {
      float[] nothing = new float[logits.data().length];
      Arrays.fill(nothing, NOTHING);
      return new FloatTensor(logits.shape(), nothing);
    }
    int height = answers.get(0).logits().dim(0);
    int width = answers.get(0).logits().dim(1);
    FloatTensor cells = Resize.area(logits, height, width);
    float[] merged = new float[cells.data().length];
    Arrays.fill(merged, NOTHING);
    for (int kept : kept(answers, settings)) {
      float[] mask = answers.get(kept).logits().data();
      raise(merged, classOf(mask, cells) * mask.length, mask);
    }
    return Resize.bilinear(new FloatTensor(cells.shape(), merged), logits.dim(1), logits.dim(2));
  }

  /** The answers that are left, best first. */
  static int[] kept(List<MaskAnswer> answers, PointSettings settings) {
    List<BitMask> masks = new ArrayList<>();
    float[] ious = new float[answers.size()];
    for (int i = 0; i < ious.length; i++) {
      masks.add(BitMask.positive(answers.get(i).logits()));
      ious[i] = answers.get(i).predictedIou();
    }
    return settings.selection().kept(masks, ious);
  }

  /**
   * @param cells the head's logits where the mask's are, [C, h, w]
   * @return 0…C − 1
   */
  static int classOf(float[] mask, FloatTensor cells) {
    int best = 0;
    double most = -1;
    for (int c = 0; c < cells.dim(0); c++) {
      double sum = 0;
      for (int i = 0; i < mask.length; i++) {
        if (mask[i] > 0) {
          sum += 1 / (1 + Math.exp(-cells.data()[c * mask.length + i]));
        }
      }
      if (sum > most) {
        most = sum;
        best = c;
      }
    }
    return best;
  }

  private static void raise(float[] merged, int from, float[] mask) {
    for (int i = 0; i < mask.length; i++) {
      merged[from + i] = Math.max(merged[from + i], mask[i]);
    }
  }
}
