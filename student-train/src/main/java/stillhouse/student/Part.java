package stillhouse.student;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** The parts of a student that the phases of a recipe train apart. */
public enum Part {
  /** From the image to the embedding. */
  @JsonProperty("encoder")
  ENCODER,
  /** From the embedding to the logits. */
  @JsonProperty("decoder")
  DECODER,
  /** Of a student that takes prompts: from the embedding and prompts to masks. */
  @JsonProperty("prompts")
  PROMPTS,
  /** Of a student that proposes boxes: from the embedding to them. */
  @JsonProperty("proposals")
  PROPOSALS;

  /**
   * The whole student but for its proposals, which stand upon an embedding that is learned by then:
   * a phase trains them by name.
   */
  public static final Set<Part> ALL =
      Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(PROPOSALS)));

  /** Nothing of it. */
  public static final Set<Part> NONE = Collections.unmodifiableSet(EnumSet.noneOf(Part.class));
}
