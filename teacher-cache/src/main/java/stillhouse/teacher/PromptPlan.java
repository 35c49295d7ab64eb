package stillhouse.teacher;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import stillhouse.data.ClassMask;
import stillhouse.identity.Sha256;

/** Which questions a promptable teacher is asked about an image: the way it becomes a dense one. */
public interface PromptPlan extends Serializable {
  List<Prompt> prompts(int width, int height, Optional<ClassMask> labels);

  /** Changes whenever the same image would be asked something else. */
  Sha256 fingerprint();
}
