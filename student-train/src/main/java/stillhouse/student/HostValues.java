package stillhouse.student;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.Consumer;

/**
 * Reads float32 tensors wherever they lie. DJL's own reads of a GPU's tensor copy it to the host
 * under a new manager, which they leave open until the tensor's own is closed: a training that
 * reads its gradients so would keep those of every step.
 */
public final class HostValues {
  private HostValues() {}

  /** A copy of the values, in the order of the shape. */
  public static float[] of(NDArray tensor) {
    float[][] values = new float[1][];
    onHost(tensor, there -> values[0] = there.toFloatArray());
    return values[0];
  }

  /**
   * Shows the values in the order of the shape: on the CPU the tensor's own memory where it is
   * unbroken, else a copy, which is gone when {@code reader} returns.
   */
  public static void read(NDArray tensor, Consumer<FloatBuffer> reader) {
    onHost(tensor, there -> reader.accept(memory(there)));
  }

  /** The memory itself of a tensor that lies on the CPU, unbroken: what is written there it has. */
  public static FloatBuffer memory(NDArray tensor) {
    if (!tensor.getDevice().equals(Device.cpu())) {
      throw new IllegalArgumentException(
          "A tensor on " + tensor.getDevice() + " has no memory of the host's");
    }
    return tensor.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  private static void onHost(NDArray tensor, Consumer<NDArray> reader) {
    if (tensor.getDevice().equals(Device.cpu())) {
      reader.accept(tensor);
      return;
    }
    NDArray copy = tensor.toDevice(Device.cpu(), true);
    NDManager manager = copy.getManager();
    if (manager == tensor.getManager()) {
      throw new IllegalStateException("DJL gave a copy on the host no manager of its own");
    }
    try (manager) {
      reader.accept(copy);
    }
  }
}
