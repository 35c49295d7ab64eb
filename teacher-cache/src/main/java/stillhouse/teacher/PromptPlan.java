package stillhouse.teacher;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import stillhouse.identity.Sha256;

/** Which questions a promptable teacher is asked about an image: the way it becomes a dense one. */
public interface PromptPlan extends Serializable {
  List<Prompt> prompts(PromptedImage image);

  /** How many prompts there may be, without a look at the pixels. */
  default int most(PromptedImage image) {
    return prompts(image).size();
  }

  /** Changes whenever the same image would be asked something else, or other answers kept. */
  Sha256 fingerprint();

  /** Which of the image's answers are kept; all of them where there is no rule. */
  default Optional<MaskSelection> selection(PromptedImage image) {
    return Optional.empty();
  }

  /**
   * Which share of an image an answer should cover at most: of a prompt's candidate masks the best
   * of those is taken ({@link Teacher.Asking#answer(Prompt, double)}).
   */
  default double largest(PromptedImage image) {
    return selection(image).map(MaskSelection::maxArea).orElse(1.0);
  }

  /** Whether other labels of an image may change its questions: then they are part of their key. */
  default boolean readsLabels() {
    return true;
  }

  /** What of the labels the questions give away, in words; empty where it is nothing. */
  default String supervision() {
    return "";
  }
}
