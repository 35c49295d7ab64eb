package stillhouse.train;

import ai.djl.ndarray.NDManager;

/**
 * One rank's share of every step. A step's batch depends on (epoch, step) alone, never on order.
 */
public interface BatchSource extends AutoCloseable {
  /** Steps of an epoch, the same on all ranks. */
  int stepsPerEpoch();

  /**
   * This rank's share; without samples where its streams have ended. Its tensors may be read until
   * the next call.
   *
   * @param manager owns the batch's tensors and is closed after the step
   * @param epoch counted from 0
   * @param step within the epoch, counted from 0
   */
  Batch next(NDManager manager, int epoch, int step);

  /** Seconds that {@link #next} has waited for data since this was opened. */
  double waitedSeconds();

  @Override
  void close();
}
