package stillhouse.teacher;

import java.util.List;
import java.util.Optional;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * One plan where an image has labels, another where it has none. Labels without any object are
 * labels: such an image is asked nothing.
 */
public record FallbackPlan(PromptPlan labelled, PromptPlan unlabelled) implements PromptPlan {
  private PromptPlan of(PromptedImage image) {
    return image.labels().isPresent() ? labelled : unlabelled;
  }

  @Override
  public List<Prompt> prompts(PromptedImage image) {
    return of(image).prompts(image);
  }

  @Override
  public int most(PromptedImage image) {
    return of(image).most(image);
  }

  @Override
  public Optional<MaskSelection> selection(PromptedImage image) {
    return of(image).selection(image);
  }

  @Override
  public double largest(PromptedImage image) {
    return of(image).largest(image);
  }

  @Override
  public Sha256 fingerprint() {
    return Fingerprint.of("stillhouse.teacher.FallbackPlan/1")
        .add("labelled", labelled.fingerprint())
        .add("unlabelled", unlabelled.fingerprint())
        .digest();
  }

  @Override
  public String supervision() {
    return labelled.supervision();
  }
}
