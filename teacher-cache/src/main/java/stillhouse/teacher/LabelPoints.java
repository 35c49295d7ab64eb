package stillhouse.teacher;

import java.util.List;
import java.util.Optional;
import stillhouse.data.ClassMask;
import stillhouse.data.Components;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * A foreground point in each connected component of each class in an image's labels, at the pixel
 * that lies deepest inside; none without labels. This is point supervision: a result on images
 * called unlabelled has to say so.
 *
 * @param minArea a component of fewer pixels gets no point
 * @param maxPrompts of more components only the largest get one
 * @param maxArea candidate masks over a larger share of the image are answers only where there is
 *     no smaller one
 */
public record LabelPoints(int minArea, int maxPrompts, double maxArea) implements PromptPlan {
  public LabelPoints {
    LabelBoxes.checkLimits("label points", minArea, maxPrompts);
    if (!(maxArea > 0 && maxArea <= 1)) {
      throw new IllegalArgumentException(
          "Invalid label points: maxArea " + maxArea + " (must be > 0 and <= 1)");
    }
  }

  /**
   * @throws IllegalArgumentException where the labels have another size than the image
   */
  @Override
  public List<Prompt> prompts(PromptedImage image) {
    Optional<ClassMask> labels = image.fittingLabels();
    return labels.isEmpty() ? List.of() : points(labels.get());
  }

  private List<Prompt> points(ClassMask mask) {
    List<Components.Inside> all = Components.insides(mask);
    return LabelBoxes.largest(all, Components.Inside::component, minArea, maxPrompts).stream()
        .map(inside -> point(inside, mask.width()))
        .toList();
  }

  /** In the middle of the pixel. */
  private static Prompt point(Components.Inside inside, int width) {
    float x = inside.deepest() % width + 0.5f;
    float y = inside.deepest() / width + 0.5f;
    return new Prompt.Point(inside.component().classId(), x, y, true);
  }

  @Override
  public double largest(PromptedImage image) {
    return maxArea;
  }

  @Override
  public Sha256 fingerprint() {
    return Fingerprint.of("stillhouse.teacher.LabelPoints/2")
        .add("minArea", minArea)
        .add("maxPrompts", maxPrompts)
        .add("maxArea", maxArea)
        .digest();
  }

  @Override
  public String supervision() {
    return "asked with a point in each true label (point supervision)";
  }
}
