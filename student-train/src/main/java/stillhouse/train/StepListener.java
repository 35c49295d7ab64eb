package stillhouse.train;

/** What a rank's loop calls, on every rank, in the same order. */
interface StepListener extends TrainingListener {
  @Override
  default void step(TrainingMetrics.Step metrics) {}

  @Override
  default void epoch(TrainingMetrics.Epoch metrics) {}

  /** All ranks hold the same weights and buffers here, and {@code next} is the step to take. */
  default void settled(Position next) {}
}
