package stillhouse.predict;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import stillhouse.tensor.FloatTensor;

/** The input and output buffers of one running call, wrapped as tensors without a copy. */
final class OnnxCall implements AutoCloseable {
  private final FloatBuffer input;
  private final FloatBuffer output;
  private final OnnxTensor inputTensor;
  private final OnnxTensor outputTensor;

  OnnxCall(OrtEnvironment environment, ModelMetadata metadata, int[] outputShape)
      throws OrtException {
    input = direct(3 * metadata.height() * metadata.width());
    output = direct(outputShape[0] * outputShape[1] * outputShape[2]);
    inputTensor = OnnxTensor.createTensor(environment, input, inputShape(metadata));
    outputTensor =
        OnnxTensor.createTensor(
            environment, output, new long[] {1, outputShape[0], outputShape[1], outputShape[2]});
  }

  /** The shape of the logits of one black image. */
  static long[] outputShape(OrtEnvironment environment, OrtSession session, ModelMetadata metadata)
      throws OrtException {
    FloatBuffer black = direct(3 * metadata.height() * metadata.width());
    try (var image = OnnxTensor.createTensor(environment, black, inputShape(metadata));
        var result =
            session.run(Map.of(OnnxSegmenter.INPUT, image), Set.of(OnnxSegmenter.OUTPUT))) {
      return ((OnnxTensor) result.get(0)).getInfo().getShape();
    }
  }

  FloatBuffer input() {
    return input;
  }

  FloatBuffer output() {
    return output;
  }

  /** From what {@link #input()} holds to {@link #output()}. */
  void run(OrtSession session) throws OrtException {
    session
        .run(
            Map.of(OnnxSegmenter.INPUT, inputTensor),
            Set.of(),
            Map.of(OnnxSegmenter.OUTPUT, outputTensor))
        .close();
  }

  /** The same, and what the network says in another of its outputs. */
  FloatTensor run(OrtSession session, String other) throws OrtException {
    try (var result =
        session.run(
            Map.of(OnnxSegmenter.INPUT, inputTensor),
            Set.of(other),
            Map.of(OnnxSegmenter.OUTPUT, outputTensor))) {
      OnnxTensor value = (OnnxTensor) result.get(other).orElseThrow();
      int[] shape =
          Arrays.stream(value.getInfo().getShape()).skip(1).mapToInt(Math::toIntExact).toArray();
      FloatBuffer buffer = value.getFloatBuffer();
      float[] values = new float[buffer.remaining()];
      buffer.get(values);
      return new FloatTensor(shape, values);
    }
  }

  @Override
  public void close() {
    inputTensor.close();
    outputTensor.close();
  }

  private static long[] inputShape(ModelMetadata metadata) {
    return new long[] {1, 3, metadata.height(), metadata.width()};
  }

  private static FloatBuffer direct(int floats) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(floats, Float.BYTES))
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }
}
