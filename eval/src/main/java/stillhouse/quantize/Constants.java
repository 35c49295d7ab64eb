package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.util.List;

/** The pieces of a pair of QuantizeLinear and DequantizeLinear. */
final class Constants {
  private Constants() {}

  static TensorProto scalar(String name, float value) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(TensorProto.DataType.FLOAT.getNumber())
        .addFloatData(value)
        .build();
  }

  /** The zero point of a tensor. */
  static TensorProto zero(String name) {
    return int8(name).setRawData(ByteString.copyFrom(new byte[1])).build();
  }

  /** The zero points of channels. */
  static TensorProto zeros(String name, int channels) {
    return int8(name).addDims(channels).setRawData(ByteString.copyFrom(new byte[channels])).build();
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

  private static TensorProto.Builder int8(String name) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(TensorProto.DataType.INT8.getNumber());
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
