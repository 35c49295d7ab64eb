package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import stillhouse.student.Weights;

/**
 * Adam with decoupled weight decay: w ← w − η λ w; m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; w
 * ← w − η m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 *
 * <p>Source: "Decoupled Weight Decay Regularization", Loshchilov and Hutter 2019, as {@code
 * torch.optim.AdamW} computes it. Departure: λ is 0 for tensors of fewer than two dimensions
 * (biases, norms' scales and shifts), where decay has nothing to do with the network's capacity.
 *
 * <p>The state is ours, by tensor name, so that a checkpoint can hold it.
 */
final class AdamW implements AutoCloseable {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8; // the three are torch's and the paper's defaults

  private final NDManager manager;
  private final Map<String, NDArray> weights;
  private final Map<String, NDArray> first = new LinkedHashMap<>();
  private final Map<String, NDArray> second = new LinkedHashMap<>();
  private final double weightDecay;
  private long steps;

  AdamW(NDManager parent, Weights weights, double weightDecay) {
    this.manager = parent.newSubManager();
    this.weights = weights.trainable();
    this.weightDecay = weightDecay;
    this.weights.forEach(
        (name, w) -> {
          first.put(name, manager.zeros(w.getShape()));
          second.put(name, manager.zeros(w.getShape()));
        });
  }

  /**
   * One step over all tensors, after which their own gradients are zero: the native call ends so.
   *
   * @param gradients by the weights' names, each of its weight's shape
   * @param scale that they are multiplied by first
   */
  void update(Map<String, NDArray> gradients, float scale, double learningRate) {
    steps++;
    double correction1 = 1 - Math.pow(BETA1, steps);
    double root2 = Math.sqrt(1 - Math.pow(BETA2, steps));
    for (Map.Entry<String, NDArray> e : weights.entrySet()) {
      String name = e.getKey();
      NDArray w = e.getValue();
      // The native step divides m by √v + ε without corrections. With the rate scaled by √(1 − β₂ᵗ)
      // / (1 − β₁ᵗ) and ε by √(1 − β₂ᵗ), that is m̂ / (√v̂ + ε).
      w.getNDArrayInternal()
          .adamUpdate(
              new NDList(w, gradients.get(name), first.get(name), second.get(name)),
              new NDList(w),
              (float) learningRate,
              (float) (learningRate * root2 / correction1),
              decay(w),
              scale,
              -1f, // the native clipping clamps one side only; the norm is clipped before
              (float) BETA1,
              (float) BETA2,
              (float) (EPSILON * root2),
              false,
              true);
    }
  }

  private float decay(NDArray weight) {
    return weight.getShape().dimension() < 2 ? 0f : (float) weightDecay;
  }

  /** Steps taken. */
  long steps() {
    return steps;
  }

  void setSteps(long steps) {
    this.steps = steps;
  }

  /** The moments m and v, named "first." and "second." and the weight's name. */
  Map<String, NDArray> state() {
    Map<String, NDArray> state = new LinkedHashMap<>();
    first.forEach((name, m) -> state.put("first." + name, m));
    second.forEach((name, v) -> state.put("second." + name, v));
    return Collections.unmodifiableMap(state);
  }

  @Override
  public void close() {
    manager.close();
  }
}
