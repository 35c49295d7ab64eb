package stillhouse.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.file.Path;
import stillhouse.conf.ConfigException;
import stillhouse.quantize.FloatValues;

/** Values of initialisers. */
final class OnnxTensors {
  private OnnxTensors() {}

  /**
   * @throws ConfigException where they are no floats, or lie outside the file
   */
  static float[] floats(Path file, TensorProto tensor) {
    long size = tensor.getDimsList().stream().mapToLong(d -> d).reduce(1, (a, b) -> a * b);
    float[] values = FloatValues.stored(tensor);
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
}
