package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The largest magnitudes that values of a network have on some images. */
final class ActivationPeaks {
  private ActivationPeaks() {}

  /**
   * Runs the network with these values as outputs, an image at a time.
   *
   * @param images each [3, H, W]
   */
  static Map<String, Float> of(ModelProto model, Set<String> values, List<float[]> images) {
    if (images.isEmpty()) {
      throw new IllegalArgumentException("Cannot measure activations: there is no image");
    }
    ValueInfoProto input = model.getGraph().getInput(0);
    var dims = input.getType().getTensorType().getShape().getDimList();
    long[] shape = {1, 3, dims.get(2).getDimValue(), dims.get(3).getDimValue()};
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    Map<String, Float> peaks = new HashMap<>();
    try (var options = new OrtSession.SessionOptions();
        OrtSession session =
            environment.createSession(withOutputs(model, values).toByteArray(), options)) {
      for (float[] image : images) {
        try (var tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(image), shape);
            var result = session.run(Map.of(input.getName(), tensor), values)) {
          for (Map.Entry<String, OnnxValue> value : result) {
            float peak = peak((OnnxTensor) value.getValue());
            if (!Float.isFinite(peak)) {
              throw new IllegalArgumentException(
                  "Cannot measure activation %s of '%s': it reaches %s on an image (must be finite)"
                      .formatted(value.getKey(), model.getGraph().getName(), peak));
            }
            peaks.merge(value.getKey(), peak, Math::max);
          }
        }
      }
      return peaks;
    } catch (OrtException e) {
      throw new IllegalArgumentException(
          "Cannot measure activations of '%s' on %d images: %s"
              .formatted(model.getGraph().getName(), images.size(), e.getMessage()),
          e);
    }
  }

  private static ModelProto withOutputs(ModelProto model, Set<String> values) {
    GraphProto.Builder graph = model.getGraph().toBuilder();
    Set<String> there = new java.util.HashSet<>();
    graph.getOutputList().forEach(output -> there.add(output.getName()));
    for (String value : values) {
      if (there.add(value)) {
        var output = ValueInfoProto.newBuilder().setName(value);
        output
            .getTypeBuilder()
            .getTensorTypeBuilder()
            .setElemType(TensorProto.DataType.FLOAT.getNumber());
        graph.addOutput(output);
      }
    }
    return model.toBuilder().setGraph(graph).build();
  }

  private static float peak(OnnxTensor tensor) {
    FloatBuffer values = tensor.getFloatBuffer();
    float peak = 0;
    while (values.hasRemaining()) {
      peak = Math.max(peak, Math.abs(values.get()));
    }
    return peak;
  }
}
