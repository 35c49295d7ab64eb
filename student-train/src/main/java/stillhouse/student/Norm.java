package stillhouse.student;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What follows a convolution. */
public enum Norm {
  /** Batch normalisation: trains fastest, but its statistics depend on how a batch is cut. */
  @JsonProperty("batch")
  BATCH,
  /**
   * Nothing but a bias: a sample's output depends on that sample alone, so any number of ranks
   * reaches the same weights.
   */
  @JsonProperty("none")
  NONE
}
