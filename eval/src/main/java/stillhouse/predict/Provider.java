package stillhouse.predict;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.TaskContext;
import stillhouse.teacher.TeacherDevice;

/**
 * Where ONNX Runtime runs a network. The artifact {@code onnxruntime} has the CPU alone, {@code
 * onnxruntime_gpu} (Maven's profile {@code gpu}) all of them.
 */
public enum Provider {
  CPU(OrtProvider.CPU),
  CUDA(OrtProvider.CUDA),
  /** Also runs the engine that an {@code EPContext} node carries. */
  TENSORRT(OrtProvider.TENSOR_RT);

  private final OrtProvider ort;

  Provider(OrtProvider ort) {
    this.ort = ort;
  }

  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether this ONNX Runtime was built with it. */
  public boolean there() {
    return OrtEnvironment.getAvailableProviders().contains(ort);
  }

  /** Those that are there, by their words. */
  public static List<String> built() {
    return Arrays.stream(values()).filter(Provider::there).map(Provider::word).toList();
  }

  /**
   * Has a session run here. A node that TensorRT does not take fails the session: left to the CPU,
   * its time would pass for TensorRT's. Beside CUDA the CPU keeps what computes shapes.
   *
   * @throws IllegalArgumentException where this ONNX Runtime, or this machine, has none of it
   */
  void addTo(OrtSession.SessionOptions options) throws OrtException {
    try {
      switch (this) {
        case CPU -> {}
        case CUDA -> options.addCUDA(device());
        case TENSORRT -> options.addTensorrt(device());
      }
    } catch (OrtException e) {
      throw new IllegalArgumentException(
          "Cannot use %s: %s. This ONNX Runtime has %s; on a GPU host its CUDA 12, cuDNN 9 and, for tensorrt, TensorRT 10 libraries must be on LD_LIBRARY_PATH (the line before names the one that is missing)"
              .formatted(word(), e.getMessage(), built()),
          e);
    }
    if (this == TENSORRT) {
      options.addConfigEntry("session.disable_cpu_ep_fallback", "1");
    }
  }

  /**
   * The GPU that Spark gave the task; the machine's first where there is no task, or none given.
   */
  private static int device() {
    TaskContext task = TaskContext.get();
    var gpu = task == null ? null : task.resourcesJMap().get(TeacherDevice.RESOURCE);
    return gpu == null ? 0 : Integer.parseInt(gpu.addresses()[0]);
  }
}
