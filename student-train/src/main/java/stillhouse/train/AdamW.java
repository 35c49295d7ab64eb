package stillhouse.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import stillhouse.student.HostValues;
import stillhouse.student.Weights;

/**
 * Adam with decoupled weight decay: w ← w − η λ w; m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; w
 * ← w − η m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 *
 * <p>Source: "Decoupled Weight Decay Regularization", Loshchilov and Hutter 2019, as {@code
 * torch.optim.AdamW} computes it. Departure: λ is 0 for tensors of fewer than two dimensions
 * (biases, norms' scales and shifts), where decay has nothing to do with the network's capacity.
 *
 * <p>On the CPU a step is one pass over gradients, weights and moments ({@link AdamStep}); on a GPU
 * it is the engine's own.
 *
 * <p>The state is ours, by tensor name, so that a checkpoint can hold it.
 */
final class AdamW implements AutoCloseable {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8; // the three are torch's and the paper's defaults

  private final NDManager manager;
  private final Weights weights;
  private final Map<String, NDArray> trained;
  private final AdamStep pass = new AdamStep((float) BETA1, (float) BETA2);
  private final Map<String, NDArray> first = new LinkedHashMap<>();
  private final Map<String, NDArray> second = new LinkedHashMap<>();
  private final double weightDecay;
  private long steps;

  /** Of the tensors that are trained now, from moments of zero. */
  AdamW(NDManager parent, Weights weights, double weightDecay) {
    this.manager = parent.newSubManager();
    this.weights = weights;
    this.trained = weights.trained();
    this.weightDecay = weightDecay;
    trained.forEach(
        (name, w) -> {
          first.put(name, manager.zeros(w.getShape()));
          second.put(name, manager.zeros(w.getShape()));
        });
  }

  /**
   * One step over all of them, after which they have no gradients of their own.
   *
   * @param gradients by the weights' names, each of its weight's shape
   * @param scale that they are multiplied by first
   */
  void update(Map<String, NDArray> gradients, float scale, double learningRate) {
    steps++;
    double correction1 = 1 - Math.pow(BETA1, steps);
    double root2 = Math.sqrt(1 - Math.pow(BETA2, steps));
    // m̂ / (√v̂ + ε) without dividing every m and v: the rate is scaled by √(1 − β₂ᵗ) / (1 − β₁ᵗ)
    // and
    // ε by √(1 − β₂ᵗ).
    var terms =
        new Terms(
            scale,
            (float) learningRate,
            (float) (learningRate * root2 / correction1),
            (float) (EPSILON * root2));
    if (manager.getDevice().equals(Device.cpu())) {
      trained.forEach((name, w) -> onePass(name, w, gradients.get(name), terms));
      weights.forgetGradients();
    } else {
      trained.forEach((name, w) -> engine(name, w, gradients.get(name), terms));
    }
  }

  /** What one step's tensors have in common. */
  private record Terms(float scale, float plainRate, float rate, float epsilon) {}

  private void onePass(String name, NDArray w, NDArray gradient, Terms terms) {
    pass.update(
        HostValues.memory(w),
        HostValues.memory(gradient),
        HostValues.memory(first.get(name)),
        HostValues.memory(second.get(name)),
        new AdamStep.Rates(terms.scale, 1 - terms.plainRate * decay(w), terms.rate, terms.epsilon));
  }

  /** The native step zeroes the weight's own gradient when it ends. */
  private void engine(String name, NDArray w, NDArray gradient, Terms terms) {
    w.getNDArrayInternal()
        .adamUpdate(
            new NDList(w, gradient, first.get(name), second.get(name)),
            new NDList(w),
            terms.plainRate,
            terms.rate,
            decay(w),
            terms.scale,
            -1f, // the native clipping clamps one side only; the norm is clipped before
            (float) BETA1,
            (float) BETA2,
            terms.epsilon,
            false,
            true);
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
