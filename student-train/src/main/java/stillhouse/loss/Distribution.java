package stillhouse.loss;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How a pixel's K logits are read as probabilities. */
enum Distribution {
  /** K independent ones. */
  @JsonProperty("sigmoid")
  SIGMOID,
  /** One choice among K + 1 classes, {@link Categorical}. */
  @JsonProperty("softmax")
  SOFTMAX
}
