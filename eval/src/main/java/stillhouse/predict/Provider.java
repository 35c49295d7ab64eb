package stillhouse.predict;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
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
  /**
   * Builds an engine of a file in the file's own types, or runs the one that an {@code EPContext}
   * node carries. Asked for no precision, ONNX Runtime's provider makes the network strongly typed
   * where it was built for TensorRT 9 or later (1.23.2 is for 10): FP16 and INT8 run where the file
   * has them and nowhere else, as by {@code engine}. Not run on a GPU yet.
   *
   * <p>Source: github.com/microsoft/onnxruntime, pull request 19695. By 29779, versions from 1.27
   * on may not do so.
   */
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
        case TENSORRT -> addTensorRt(options);
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
   * With precisions that are named, so that no variable ORT_TENSORRT_… of the user's turns one on.
   */
  private static void addTensorRt(OrtSession.SessionOptions options) throws OrtException {
    try (var tensorRt = new OrtTensorRTProviderOptions(device())) {
      tensorRt.add("trt_fp16_enable", "0");
      tensorRt.add("trt_int8_enable", "0");
      options.addTensorrt(tensorRt);
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
