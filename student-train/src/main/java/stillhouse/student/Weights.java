package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Predicate;

/**
 * The named tensors of one network (and of the losses that learn beside it), in the order they were
 * made. A tensor's initial values are a function of (seed, name) alone, so adding a layer moves no
 * other layer's start. Trainable tensors carry gradients; buffers (BatchNorm's running statistics)
 * do not.
 */
public final class Weights implements AutoCloseable {
  private final NDManager manager;
  private final long seed;
  private final Map<String, NDArray> trainable = new LinkedHashMap<>();
  private final Map<String, NDArray> buffers = new LinkedHashMap<>();
  private final Set<String> frozen = new HashSet<>();

  /** Takes a sub-manager of {@code parent}, closed with this. */
  public Weights(NDManager parent, long seed) {
    this.manager = parent.newSubManager();
    this.seed = seed;
  }

  /** Kaiming-normal values: standard deviation √(2 / fanIn). */
  public NDArray kaiming(String name, long fanIn, long... shape) {
    return normal(name, Math.sqrt(2.0 / fanIn), shape);
  }

  /** Normal values of the given standard deviation, cut at two of them. */
  public NDArray normal(String name, double deviation, long... shape) {
    var random = new java.util.Random(start(name));
    return trainable(
        name,
        () -> {
          double g = random.nextGaussian();
          while (Math.abs(g) > 2) {
            g = random.nextGaussian();
          }
          return g * deviation;
        },
        shape);
  }

  public NDArray constant(String name, double value, long... shape) {
    return trainable(name, () -> value, shape);
  }

  /** A tensor of what another holds now. */
  public NDArray like(String name, NDArray other) {
    FloatBuffer values = FloatBuffer.wrap(HostValues.of(other));
    return trainable(name, values::get, other.getShape().getShape());
  }

  /** A tensor of normal values of the given deviation that no gradient moves. */
  public NDArray normalBuffer(String name, double deviation, long... shape) {
    var random = new java.util.Random(start(name));
    NDArray array = filled(() -> deviation * random.nextGaussian(), shape);
    put(buffers, name, array);
    return array;
  }

  /** A tensor that no gradient moves. */
  public NDArray buffer(String name, double value, long... shape) {
    NDArray array = filled(() -> value, shape);
    put(buffers, name, array);
    return array;
  }

  /** Trainable tensors by name, in the order made. */
  public Map<String, NDArray> trainable() {
    return Collections.unmodifiableMap(trainable);
  }

  /** Those that are not frozen: all, until {@link #train} says otherwise. */
  public Map<String, NDArray> trained() {
    Map<String, NDArray> trained = new LinkedHashMap<>(trainable);
    trained.keySet().removeAll(frozen);
    return Collections.unmodifiableMap(trained);
  }

  /**
   * From here on the trainable tensors of these names are trained and all others are frozen:
   * backward passes compute no gradient of a frozen tensor, nor of what is made of frozen ones
   * alone. Gradients of before are gone; the tensors stay the same objects on the same memory.
   */
  public void train(Predicate<String> names) {
    trainable.forEach(
        (name, array) -> {
          boolean moves = names.test(name);
          detach(array, moves);
          array.setRequiresGradient(moves); // the object remembers what it was, whatever it holds
          if (moves) {
            frozen.remove(name);
          } else {
            frozen.add(name);
          }
        });
  }

  public Map<String, NDArray> buffers() {
    return Collections.unmodifiableMap(buffers);
  }

  /** Names of all tensors, trainable ones first. */
  public List<String> names() {
    List<String> names = new ArrayList<>(trainable.keySet());
    names.addAll(buffers.keySet());
    return names;
  }

  public NDArray get(String name) {
    NDArray array = trainable.getOrDefault(name, buffers.get(name));
    if (array == null) {
      throw new IllegalArgumentException("No tensor '" + name + "'; there are " + names());
    }
    return array;
  }

  /** How many numbers training moves, in tensors whose name starts with {@code prefix}. */
  public long parameterCount(String prefix) {
    return trainable.entrySet().stream()
        .filter(e -> e.getKey().startsWith(prefix))
        .mapToLong(e -> e.getValue().getShape().size())
        .sum();
  }

  public NDManager manager() {
    return manager;
  }

  /**
   * Trained tensors have no gradients after this, as before their first backward pass, which then
   * leaves its own in their place instead of adding to zeros. The tensors stay the same objects on
   * the same memory.
   */
  public void forgetGradients() {
    trainable.forEach(
        (name, array) -> {
          if (!frozen.contains(name)) {
            detach(array, true);
          }
        });
  }

  /** In place: out of every graph, and without a gradient. */
  private static void detach(NDArray array, boolean requiresGradient) {
    NDArray alias = array.stopGradient();
    alias.setRequiresGradient(requiresGradient);
    array.intern(alias);
  }

  @Override
  public void close() {
    manager.close();
  }

  private NDArray trainable(String name, DoubleSupplier values, long... shape) {
    NDArray array = filled(values, shape);
    array.setRequiresGradient(true);
    put(trainable, name, array);
    return array;
  }

  private NDArray filled(DoubleSupplier values, long... shape) {
    Shape s = new Shape(shape);
    float[] data = new float[Math.toIntExact(s.size())];
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) values.getAsDouble();
    }
    return manager.create(data, s);
  }

  private void put(Map<String, NDArray> into, String name, NDArray array) {
    if (trainable.containsKey(name) || buffers.containsKey(name)) {
      throw new IllegalArgumentException("Two tensors are named '" + name + "'");
    }
    into.put(name, array);
  }

  private long start(String name) {
    long hash = 1125899906842597L;
    for (int i = 0; i < name.length(); i++) {
      hash = 31 * hash + name.charAt(i);
    }
    return new SplittableRandom(seed ^ hash).nextLong();
  }
}
