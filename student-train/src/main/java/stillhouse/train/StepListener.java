package stillhouse.train;

import java.util.List;

/** What a rank's loop calls, on every rank, in the same order. */
interface StepListener extends TrainingListener {
  @Override
  default void step(TrainingMetrics.Step metrics) {}

  @Override
  default void epoch(TrainingMetrics.Epoch metrics) {}

  /**
   * What each rank has to say, in the ranks' order, without those that say nothing. All ranks ask.
   */
  default List<String> ofAllRanks(List<String> own) {
    return own;
  }

  /** All ranks hold the same weights and buffers here, and {@code next} is the step to take. */
  default void settled(Position next) {}
}
