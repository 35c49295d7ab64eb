package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * The learning rate's course: linear from 0 over the warm-up, then half a cosine down to 0.
 *
 * @param warmupEpochs may be a fraction of one
 */
public record ScheduleSettings(Kind type, Double warmupEpochs) implements Serializable {
  /** The schedules there are. */
  public enum Kind {
    @JsonProperty("cosine")
    COSINE
  }

  static final ScheduleSettings DEFAULT = new ScheduleSettings(Kind.COSINE, null);

  public ScheduleSettings {
    warmupEpochs = warmupEpochs == null ? 0.0 : warmupEpochs;
  }
}
