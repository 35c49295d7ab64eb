package stillhouse.student;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Reads float32 tensors wherever they lie. DJL's own reads of a GPU's tensor copy it to the host
 * under a new manager, which they leave open until the tensor's own is closed: a training that
 * reads its gradients so would keep those of every step.
 */
public final class HostValues {
  private HostValues() {}

  /** A copy of the values, in the order of the shape. */
  public static float[] of(NDArray tensor) {
    return onHost(tensor, NDArray::toFloatArray);
  }

  /**
   * Shows the values in the order of the shape: on the CPU the tensor's own memory, of a GPU a copy
   * that is gone when {@code reader} returns. For tensors that lie unbroken, as weights and their
   * gradients do: a turned view is copied by DJL, under the view's own manager.
   */
  public static void read(NDArray tensor, Consumer<FloatBuffer> reader) {
    onHost(
        tensor,
        there -> {
          reader.accept(memory(there));
          return null;
        });
  }

  /**
   * The memory itself of a tensor that lies on the CPU, unbroken: what is written there it has. Of
   * a turned view it would be a copy's; DJL does not tell them apart.
   */
  public static FloatBuffer memory(NDArray tensor) {
    if (!tensor.getDevice().equals(Device.cpu())) {
      throw new IllegalArgumentException(
          "A tensor on " + tensor.getDevice() + " has no memory of the host's");
    }
    return tensor.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  private static <T> T onHost(NDArray tensor, Function<NDArray, T> reader) {
    if (tensor.getDevice().equals(Device.cpu())) {
      return reader.apply(tensor);
    }
    NDArray copy = tensor.toDevice(Device.cpu(), true);
    NDManager manager = copy.getManager();
    if (manager == tensor.getManager()) {
      throw new IllegalStateException("DJL gave a copy on the host no manager of its own");
    }
    try (manager) {
      return reader.apply(copy);
    }
  }
}
