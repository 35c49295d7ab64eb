package stillhouse.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import stillhouse.comm.AllReduce;
import stillhouse.student.HostValues;
import stillhouse.student.Weights;

/**
 * All gradients of a network's trained tensors in one direct buffer, in the weights' order, and a
 * few figures that travel with them: one collective a step. On the CPU the tensors that the
 * optimiser reads are views of this buffer; on a GPU they are filled from it.
 */
final class GradientBuffer implements AutoCloseable {
  private static final int CHUNK = 1 << 12; // floats that stay in the first cache
  private static final int LANES = 1 << 8;

  private final NDManager manager;
  private final AllReduce allReduce;
  private final Map<String, NDArray> weights;
  private final Map<String, NDArray> reduced = new LinkedHashMap<>();
  private final ByteBuffer buffer;
  private final FloatBuffer floats;
  private final int parameters;
  private final int extras;

  /**
   * @param extras how many further floats are summed with the gradients
   */
  GradientBuffer(NDManager parent, Weights weights, int extras, AllReduce allReduce) {
    this.manager = parent.newSubManager();
    this.allReduce = allReduce;
    this.weights = weights.trained();
    this.parameters =
        Math.toIntExact(this.weights.values().stream().mapToLong(w -> w.getShape().size()).sum());
    this.extras = extras;
    this.buffer = allReduce.allocate(parameters + extras);
    this.floats = buffer.asFloatBuffer();
    int offset = 0;
    for (Map.Entry<String, NDArray> e : this.weights.entrySet()) {
      Shape shape = e.getValue().getShape();
      int size = Math.toIntExact(shape.size());
      reduced.put(e.getKey(), manager.create(bytes(offset, size), shape, DataType.FLOAT32));
      offset += size;
    }
  }

  /**
   * Copies this rank's gradients, which {@link AdamW#update} then takes from where they came from.
   */
  void collect() {
    int offset = 0;
    for (NDArray weight : weights.values()) {
      int size = Math.toIntExact(weight.getShape().size());
      try (NDArray gradient = weight.getGradient()) {
        int at = offset;
        HostValues.read(gradient, values -> floats.put(at, values, 0, size));
      }
      offset += size;
    }
  }

  /** This rank has no sample in the step: it joins with zeros. */
  void clear() {
    for (int i = 0; i < parameters; i++) {
      floats.put(i, 0f);
    }
  }

  void setExtra(int index, double value) {
    floats.put(parameters + index, (float) value);
  }

  double extra(int index) {
    return floats.get(parameters + index);
  }

  /** Sums gradients and further figures over ranks. */
  void reduce() {
    allReduce.sum(buffer, parameters + extras);
  }

  /**
   * The global Euclidean norm over all tensors: squares of a chunk in float, side by side, so that
   * they are added many at a time, and chunks in double.
   */
  double norm() {
    float[] part = new float[CHUNK];
    float[] sums = new float[LANES];
    double squares = 0;
    for (int from = 0; from < parameters; from += CHUNK) {
      int size = Math.min(CHUNK, parameters - from);
      floats.get(from, part, 0, size);
      Arrays.fill(part, size, CHUNK, 0f);
      squares += squares(part, sums);
    }
    return Math.sqrt(squares);
  }

  private static double squares(float[] values, float[] sums) {
    Arrays.fill(sums, 0f);
    for (int from = 0; from < CHUNK; from += LANES) {
      for (int i = 0; i < LANES; i++) {
        sums[i] += values[from + i] * values[from + i];
      }
    }
    double sum = 0;
    for (float s : sums) {
      sum += s;
    }
    return sum;
  }

  /**
   * What clips gradients of this norm: min(1, limit / (norm + 1e-6)), as torch's {@code
   * clip_grad_norm_} has it. The optimiser multiplies by it as it reads them.
   */
  static float clipping(double norm, double limit) {
    return Math.min(1f, (float) (limit / (norm + 1e-6)));
  }

  /** The gradients as they stand in the buffer, by name. */
  Map<String, NDArray> gradients() {
    if (!manager.getDevice().equals(Device.cpu())) {
      int offset = 0;
      for (NDArray gradient : reduced.values()) {
        int size = Math.toIntExact(gradient.getShape().size());
        gradient.set(bytes(offset, size));
        offset += size;
      }
    }
    return Collections.unmodifiableMap(reduced);
  }

  private ByteBuffer bytes(int offset, int size) {
    return buffer.slice(offset * Float.BYTES, size * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    manager.close();
  }
}
