package stillhouse.teacher;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import stillhouse.tensor.FloatTensor;

/** ONNX Runtime sessions for teachers. */
final class Onnx {
  private Onnx() {}

  static OrtSession session(TeacherConfig config, String file, TeacherDevice device) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(config.threadCount());
      options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
      if (device instanceof TeacherDevice.Gpu gpu) {
        requireCuda(config, gpu);
        options.addCUDA(gpu.index());
      }
      return environment.createSession(file, options);
    } catch (OrtException e) {
      throw new TeacherException(
          "Cannot open teacher " + config.name() + " from " + file + ": " + e.getMessage(), e);
    }
  }

  /** Input or output tensors by name; a dynamic axis is −1. */
  static Map<String, long[]> shapes(Map<String, NodeInfo> nodes) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    nodes.forEach(
        (name, node) -> {
          if (node.getInfo() instanceof TensorInfo tensor) {
            shapes.put(name, tensor.getShape());
          }
        });
    return shapes;
  }

  static OnnxTensor tensor(FloatBuffer data, long... shape) throws OrtException {
    return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), data, shape);
  }

  /** The tensor in an input's own element type; fractions are cut off for whole numbers. */
  static OnnxTensor tensor(FloatTensor values, OnnxJavaType type) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    long[] shape = Arrays.stream(values.shape()).asLongStream().toArray();
    float[] data = values.data();
    return switch (type) {
      case INT64 -> {
        LongBuffer longs = LongBuffer.allocate(data.length);
        for (float v : data) {
          longs.put((long) v);
        }
        yield OnnxTensor.createTensor(environment, longs.flip(), shape);
      }
      case INT32 -> {
        IntBuffer ints = IntBuffer.allocate(data.length);
        for (float v : data) {
          ints.put((int) v);
        }
        yield OnnxTensor.createTensor(environment, ints.flip(), shape);
      }
      default -> OnnxTensor.createTensor(environment, FloatBuffer.wrap(data), shape);
    };
  }

  /** Element types by name. */
  static Map<String, OnnxJavaType> types(Map<String, NodeInfo> nodes) {
    Map<String, OnnxJavaType> types = new LinkedHashMap<>();
    nodes.forEach(
        (name, node) -> {
          if (node.getInfo() instanceof TensorInfo tensor) {
            types.put(name, tensor.type);
          }
        });
    return types;
  }

  /** An output that is there. */
  static FloatTensor read(OrtSession.Result result, String name) {
    var tensor = (OnnxTensor) result.get(name).orElseThrow();
    long[] shape = tensor.getInfo().getShape();
    return new FloatTensor(
        Arrays.stream(shape).mapToInt(Math::toIntExact).toArray(), floats(tensor));
  }

  /** The values in an array of their own. */
  static float[] floats(OnnxTensor tensor) {
    FloatBuffer values = tensor.getFloatBuffer(); // a copy on the heap, as long as the tensor
    if (values.hasArray() && values.array().length == values.remaining()) {
      return values.array();
    }
    float[] out = new float[values.remaining()];
    values.get(out);
    return out;
  }

  static void close(TeacherConfig config, OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      throw new TeacherException("Cannot close teacher " + config.name(), e);
    }
  }

  private static void requireCuda(TeacherConfig config, TeacherDevice.Gpu gpu) {
    var providers = OrtEnvironment.getAvailableProviders();
    if (!providers.contains(OrtProvider.CUDA)) {
      throw new TeacherException(
          "Cannot open teacher "
              + config.name()
              + " on "
              + gpu
              + ": this ONNX Runtime has "
              + providers
              + ", no CUDA. Build the jar with -Pgpu for a machine with a GPU, or set"
              + " device: cpu");
    }
  }
}
