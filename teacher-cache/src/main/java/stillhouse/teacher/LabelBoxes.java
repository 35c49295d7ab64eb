package stillhouse.teacher;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.data.ClassMask;
import stillhouse.data.Components;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * A box around each connected component of each class in an image's labels; none without labels.
 * This is box supervision: a result on images called unlabelled has to say so.
 *
 * @param minArea a component of fewer pixels gets no box
 * @param maxPrompts of more components only the largest get one (of equal ones the upper, then the
 *     left); how many went without is logged
 */
public record LabelBoxes(int minArea, int maxPrompts) implements PromptPlan {
  private static final Logger LOG = LoggerFactory.getLogger(LabelBoxes.class);
  private static final Comparator<Components.Component> LARGEST_FIRST =
      Comparator.comparingInt(Components.Component::area)
          .reversed()
          .thenComparingInt(Components.Component::y0)
          .thenComparingInt(Components.Component::x0)
          .thenComparingInt(Components.Component::classId);

  public LabelBoxes {
    checkLimits("label boxes", minArea, maxPrompts);
  }

  static void checkLimits(String what, int minArea, int maxPrompts) {
    if (minArea < 1 || maxPrompts < 1) {
      throw new IllegalArgumentException(
          "Invalid "
              + what
              + ": minArea "
              + minArea
              + ", maxPrompts "
              + maxPrompts
              + " (both must be > 0)");
    }
  }

  /**
   * @throws IllegalArgumentException where the labels have another size than the image
   */
  @Override
  public List<Prompt> prompts(PromptedImage image) {
    Optional<ClassMask> labels = image.fittingLabels();
    if (labels.isEmpty()) {
      return List.of();
    }
    List<Components.Component> all = Components.of(labels.get());
    return largest(all, c -> c, minArea, maxPrompts).stream().map(LabelBoxes::box).toList();
  }

  /** Those of the largest components, whatever they stand in; of how many too many is logged. */
  static <T> List<T> largest(
      List<T> all, Function<T, Components.Component> component, int minArea, int maxPrompts) {
    List<T> large =
        all.stream()
            .filter(c -> component.apply(c).area() >= minArea)
            .sorted(Comparator.comparing(component, LARGEST_FIRST))
            .toList();
    if (large.size() > maxPrompts) {
      LOG.warn(
          "{} of {} components get no prompt: the plan allows {} prompts an image",
          large.size() - maxPrompts,
          large.size(),
          maxPrompts);
    }
    return large.stream().limit(maxPrompts).toList();
  }

  @Override
  public String supervision() {
    return "asked with the boxes of the true labels (box supervision)";
  }

  @Override
  public Sha256 fingerprint() {
    return Fingerprint.of("stillhouse.teacher.LabelBoxes/1")
        .add("minArea", minArea)
        .add("maxPrompts", maxPrompts)
        .digest();
  }

  private static Prompt box(Components.Component c) {
    return new Prompt.Box(c.classId(), c.x0(), c.y0(), c.x1(), c.y1());
  }
}
