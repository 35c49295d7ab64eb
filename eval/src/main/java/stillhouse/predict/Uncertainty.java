package stillhouse.predict;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.teacher.Saliency;
import stillhouse.tensor.FloatTensor;

/**
 * How unsure a student is of its answer about an image, 0…1, told without the teacher and without a
 * label, as a device must. Source: seed sam2-6mb-student, "Hybrid Pipeline", which asks the teacher
 * about "ambiguous cases" and does not say how they are known; the three readings are ours.
 */
public enum Uncertainty {
  /** The mean over positions of the entropy of "anything here", in bits ({@link Entropy}). */
  ENTROPY {
    @Override
    double of(FloatTensor logits, ClassMask mask, RgbImage image) {
      return Entropy.mean(logits);
    }
  },
  /**
   * What the student itself expects to lose to a better mask: one minus the soft overlap of its
   * probabilities p = σ(largest logit) with its own mask m = [p &gt; ½],
   *
   * <pre>  1 − (Σ min(p, m) + ε n) / (Σ max(p, m) + ε n)</pre>
   *
   * over n positions. ε = 0.001 keeps an image without a mask from being all unsure. A proxy of
   * student against teacher, which is not there to be asked.
   */
  SOFTNESS {
    @Override
    double of(FloatTensor logits, ClassMask mask, RgbImage image) {
      return softness(logits);
    }
  },
  /**
   * The part of the image's saliency that the mask leaves out: Σ S over cells outside the mask / Σ
   * S over all, of cells with S of at least {@value #FLOOR} levels ({@link Saliency}); 0 where
   * there is none. Something stands out, and the student says nothing of it.
   */
  SALIENCY {
    @Override
    double of(FloatTensor logits, ClassMask mask, RgbImage image) {
      return saliency(mask, image);
    }
  };

  private static final double EPSILON = 0.001;
  private static final double FLOOR = 8; // grain and compression stay below

  /**
   * @param logits of the student, [K, h, w], pre-sigmoid
   * @param mask made of them at the image's size
   */
  abstract double of(FloatTensor logits, ClassMask mask, RgbImage image);

  /** As it stands in tables and on the command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** All words, in the order of the constants. */
  public static List<String> words() {
    return Arrays.stream(values()).map(Uncertainty::word).toList();
  }

  public static Optional<Uncertainty> of(String word) {
    return Arrays.stream(values()).filter(u -> u.word().equals(word)).findFirst();
  }

  private static double softness(FloatTensor logits) {
    float[] data = logits.data();
    int area = logits.dim(1) * logits.dim(2);
    double shared = EPSILON * area;
    double either = EPSILON * area;
    for (int i = 0; i < area; i++) {
      float largest = data[i];
      for (int at = i + area; at < data.length; at += area) {
        largest = Math.max(largest, data[at]);
      }
      double p = 1 / (1 + Math.exp(-largest));
      boolean inside = largest > 0;
      shared += inside ? p : 0;
      either += inside ? 1 : p;
    }
    return 1 - shared / either;
  }

  private static double saliency(ClassMask mask, RgbImage image) {
    Saliency saliency = Saliency.of(image);
    double outside = 0;
    double all = 0;
    for (int y = 0; y < saliency.height(); y++) {
      int row = (int) ((y + 0.5) * mask.height() / saliency.height()) * mask.width();
      for (int x = 0; x < saliency.width(); x++) {
        double strength = saliency.at(x, y);
        if (strength >= FLOOR) {
          all += strength;
          int column = (int) ((x + 0.5) * mask.width() / saliency.width());
          outside += mask.classes()[row + column] == 0 ? strength : 0;
        }
      }
    }
    return all == 0 ? 0 : outside / all;
  }
}
