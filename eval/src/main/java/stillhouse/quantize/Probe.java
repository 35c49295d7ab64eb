package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/** A network under ONNX Runtime whose inner values can be looked at. */
final class Probe implements AutoCloseable {
  private final String name;
  private final String input;
  private final long[] shape;
  private final Set<String> values;
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  private Probe(ModelProto model, Set<String> values, int threads) throws OrtException {
    ValueInfoProto image = model.getGraph().getInput(0);
    var dims = image.getType().getTensorType().getShape().getDimList();
    this.name = model.getGraph().getName();
    this.input = image.getName();
    this.shape = new long[] {1, 3, dims.get(2).getDimValue(), dims.get(3).getDimValue()};
    this.values = values;
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      session = environment.createSession(withOutputs(model, values).toByteArray(), options);
    }
  }

  /**
   * @param values names of the float values to look at
   */
  static Probe of(ModelProto model, Set<String> values) {
    try {
      return new Probe(model, new LinkedHashSet<>(values), 1);
    } catch (OrtException e) {
      throw new IllegalArgumentException(
          "Cannot run '%s': %s".formatted(model.getGraph().getName(), e.getMessage()), e);
    }
  }

  /**
   * @param image [3, H, W]
   * @param seen called with each value; it is gone afterwards
   */
  void run(float[] image, BiConsumer<String, OnnxValue> seen) {
    try (var tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(image), shape)) {
      feed(Map.of(input, tensor), seen);
    } catch (OrtException e) {
      throw new IllegalArgumentException(
          "Cannot run '%s' on an image of %d values: %s"
              .formatted(name, image.length, e.getMessage()),
          e);
    }
  }

  /** Runs it on zeros of the given shapes, one of each input. */
  void run(Map<String, long[]> shapes, BiConsumer<String, OnnxValue> seen) {
    Map<String, OnnxTensor> zeros = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, long[]> each : shapes.entrySet()) {
        long size = Arrays.stream(each.getValue()).reduce(1, Math::multiplyExact);
        FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(size));
        zeros.put(each.getKey(), OnnxTensor.createTensor(environment, values, each.getValue()));
      }
      feed(zeros, seen);
    } catch (OrtException e) {
      throw new IllegalArgumentException(
          "Cannot run '%s' on inputs %s: %s".formatted(name, shapes.keySet(), e.getMessage()), e);
    } finally {
      zeros.values().forEach(OnnxTensor::close);
    }
  }

  private void feed(Map<String, OnnxTensor> inputs, BiConsumer<String, OnnxValue> seen)
      throws OrtException {
    try (var result = session.run(inputs, values)) {
      for (Map.Entry<String, OnnxValue> value : result) {
        seen.accept(value.getKey(), value.getValue());
      }
    }
  }

  /** A copy of a value's floats. */
  static FloatBuffer floats(OnnxTensor tensor) {
    return tensor.getFloatBuffer();
  }

  private static ModelProto withOutputs(ModelProto model, Set<String> values) {
    GraphProto.Builder graph = model.getGraph().toBuilder();
    Set<String> there = new HashSet<>();
    graph.getOutputList().forEach(output -> there.add(output.getName()));
    for (String value : values) {
      if (there.add(value)) {
        graph.addOutput(ValueInfoProto.newBuilder().setName(value)); // its type is inferred
      }
    }
    return model.toBuilder().setGraph(graph).build();
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("Cannot close '%s'".formatted(name), e);
    }
  }
}
