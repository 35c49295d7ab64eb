package stillhouse.train;

import java.io.Serializable;

/**
 * How a run's student is held against the teacher while it trains. No weight depends on it.
 *
 * @param everyEpochs between two looks; there is one after the last epoch, too
 * @param reading when the two disagree: a word of {@link stillhouse.predict.Reading}; null: {@code
 *     absolute}
 * @param threshold of the reading, 0 to 1, neither included; null: 0.15
 */
public record ReviewSettings(int everyEpochs, String reading, Double threshold)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  public ReviewSettings {
    reading = reading == null ? "absolute" : reading;
    threshold = threshold == null ? 0.15 : threshold; // the source's own example
  }

  /** In words, as a parameter of a run. */
  public String told() {
    return "every %d epochs, %s at %s".formatted(everyEpochs, reading, threshold);
  }
}
