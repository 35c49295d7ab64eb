package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/** The values of a float initialiser, whether they lie as raw bytes or as a list. */
public final class FloatValues {
  private FloatValues() {}

  static float[] of(TensorProto tensor) {
    List<Long> dims = tensor.getDimsList();
    long size = dims.stream().mapToLong(d -> d).reduce(1, (a, b) -> a * b);
    float[] values = stored(tensor);
    if (values.length != size) {
      throw new IllegalArgumentException(
          "Cannot round weight %s of shape %s: it holds %d values (must be %d, as raw_data or float_data in the file itself)"
              .formatted(tensor.getName(), dims, values.length, size));
    }
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "Cannot round weight %s: value %d is %s (must be finite)"
                .formatted(tensor.getName(), i, values[i]));
      }
    }
    return values;
  }

  /** As many as lie in the file itself, whatever its shape says. */
  public static float[] stored(TensorProto tensor) {
    return tensor.hasRawData() ? raw(tensor) : listed(tensor);
  }

  private static float[] raw(TensorProto tensor) {
    FloatBuffer floats =
        tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] values = new float[floats.remaining()];
    floats.get(values);
    return values;
  }

  private static float[] listed(TensorProto tensor) {
    float[] values = new float[tensor.getFloatDataCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.getFloatData(i);
    }
    return values;
  }
}
