package stillhouse.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import stillhouse.conf.ConfigException;

/** Values of initialisers. */
final class OnnxTensors {
  private OnnxTensors() {}

  /**
   * @throws ConfigException where they are no floats, or lie outside the file
   */
  static float[] floats(Path file, TensorProto tensor) {
    long size = tensor.getDimsList().stream().mapToLong(d -> d).reduce(1, (a, b) -> a * b);
    float[] values = tensor.hasRawData() ? raw(tensor) : listed(tensor);
    if (tensor.getDataType() != TensorProto.DataType.FLOAT.getNumber() || values.length != size) {
      throw new ConfigException(
          "Invalid network %s: tensor %s holds %d values of type %s, its shape says %d (must be floats, in the file itself)"
              .formatted(
                  file,
                  tensor.getName(),
                  values.length,
                  TensorProto.DataType.forNumber(tensor.getDataType()),
                  size));
    }
    return values;
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
