package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** The pieces of a pair of QuantizeLinear and DequantizeLinear. */
final class Constants {
  private Constants() {}

  static TensorProto scalar(String name, float value) {
    return tensor(name, TensorProto.DataType.FLOAT).addFloatData(value).build();
  }

  static TensorProto floats(String name, List<Long> dims, float[] values) {
    ByteBuffer raw = little(values.length * Float.BYTES);
    raw.asFloatBuffer().put(values);
    return raw(name, TensorProto.DataType.FLOAT, dims, raw.array());
  }

  static TensorProto ints(String name, int[] values) {
    ByteBuffer raw = little(values.length * Integer.BYTES);
    raw.asIntBuffer().put(values);
    return raw(name, TensorProto.DataType.INT32, List.of((long) values.length), raw.array());
  }

  /** A signed or unsigned zero point. */
  static TensorProto zero(String name, TensorProto.DataType type, int value) {
    return raw(name, type, List.of(), new byte[] {(byte) value});
  }

  /** The zero points of channels, all 0. */
  static TensorProto zeros(String name, TensorProto.DataType type, int channels) {
    int bytes = type == TensorProto.DataType.INT32 ? Integer.BYTES : 1;
    return raw(name, type, List.of((long) channels), new byte[channels * bytes]);
  }

  static TensorProto raw(
      String name, TensorProto.DataType type, List<Long> dims, byte[] littleEndian) {
    return tensor(name, type)
        .addAllDims(dims)
        .setRawData(ByteString.copyFrom(littleEndian))
        .build();
  }

  static NodeProto.Builder quantise(String value, String scale, String zero, String output) {
    return node("QuantizeLinear", value, scale, zero, output);
  }

  static NodeProto.Builder dequantise(String value, String scale, String zero, String output) {
    return node("DequantizeLinear", value, scale, zero, output);
  }

  static AttributeProto axis(int axis) {
    return AttributeProto.newBuilder()
        .setName("axis")
        .setType(AttributeProto.AttributeType.INT)
        .setI(axis)
        .build();
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static TensorProto.Builder tensor(String name, TensorProto.DataType type) {
    return TensorProto.newBuilder().setName(name).setDataType(type.getNumber());
  }

  private static NodeProto.Builder node(
      String operator, String value, String scale, String zero, String output) {
    return NodeProto.newBuilder()
        .setName(output + "." + operator)
        .setOpType(operator)
        .addAllInput(List.of(value, scale, zero))
        .addOutput(output);
  }
}
