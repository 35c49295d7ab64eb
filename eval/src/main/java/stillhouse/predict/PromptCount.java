package stillhouse.predict;

import java.io.Serializable;
import java.util.HashSet;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.PromptedImage;

/** How many prompts a teacher answers about an image. */
@FunctionalInterface
public interface PromptCount extends Serializable {
  /** Of a teacher that takes no prompts. */
  PromptCount NONE = image -> 0;

  long of(PromptedImage image);

  /** A plan's prompts, each once, as the cache job asks them. */
  static PromptCount of(PromptPlan plan) {
    return image -> new HashSet<>(plan.prompts(image)).size();
  }
}
