package stillhouse.teacher;

import java.util.List;
import java.util.Optional;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * A foreground point at each place that stands out from its surroundings ({@link Saliency}), the
 * most salient first: needs no labels. Source: seed sam2-6mb-student, "a cheap saliency head …
 * provides reliable candidate centers".
 *
 * @param points of an image at most
 * @param classId the class of whatever stands out
 */
public record SaliencyPoints(int points, int classId, MaskSelection selection)
    implements PromptPlan {
  public SaliencyPoints {
    if (points < 1) {
      throw new IllegalArgumentException("Invalid saliency points: " + points + " (must be > 0)");
    }
  }

  @Override
  public List<Prompt> prompts(PromptedImage image) {
    return Saliency.of(image.pixels()).peaks(points).stream()
        .<Prompt>map(peak -> new Prompt.Point(classId, peak.x(), peak.y(), true))
        .toList();
  }

  @Override
  public int most(PromptedImage image) {
    return points;
  }

  @Override
  public Optional<MaskSelection> selection(PromptedImage image) {
    return Optional.of(selection);
  }

  @Override
  public boolean readsLabels() {
    return false;
  }

  @Override
  public Sha256 fingerprint() {
    Fingerprint parts =
        Fingerprint.of("stillhouse.teacher.SaliencyPoints/2")
            .add("operator", Saliency.VERSION)
            .add("points", points)
            .add("class", classId);
    selection.addTo(parts);
    return parts.digest();
  }
}
