package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import stillhouse.student.HostValues;
import stillhouse.student.Weights;

/**
 * The exponential moving average of the trainable weights: a ← d a + (1 − d) w after each step,
 * with d = min(decay, (1 + t) / (10 + t)) at step t = 1, 2, …, so that a short run does not keep
 * its random start.
 *
 * <p>Source: Polyak averaging as {@code tf.train.ExponentialMovingAverage} computes it with {@code
 * num_updates}; timm's {@code ModelEmaV3} and MMEngine's {@code ExponentialMovingAverage} are of
 * its kind. Buffers are not averaged but taken as they are, MMEngine's default.
 *
 * <p>The state is by tensor name, so that a checkpoint can hold it.
 */
final class WeightAverage implements AutoCloseable {
  private final NDManager manager;
  private final Map<String, NDArray> weights;
  private final Map<String, NDArray> averages = new LinkedHashMap<>();
  private final double decay;

  /** Begins with the weights as they are. */
  WeightAverage(NDManager parent, Weights weights, double decay) {
    this.manager = parent.newSubManager();
    this.weights = weights.trainable();
    this.decay = decay;
    this.weights.forEach(
        (name, w) -> averages.put(name, manager.create(HostValues.of(w), w.getShape())));
  }

  /**
   * @param step which one was taken, counted from 1
   */
  void update(long step) {
    double share = 1 - Math.min(decay, (1.0 + step) / (10.0 + step));
    Recording.pausedFor(
        () ->
            weights.forEach(
                (name, w) -> {
                  NDArray average = averages.get(name);
                  try (NDArray change = w.sub(average)) {
                    change.muli(share);
                    average.addi(change);
                  }
                }));
  }

  /** The averages by the weights' names. */
  Map<String, NDArray> state() {
    return Collections.unmodifiableMap(averages);
  }

  @Override
  public void close() {
    manager.close();
  }
}
