package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.util.List;
import org.junit.jupiter.api.Test;

class OperatorTableTest {
  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("students");
  private long opset = 20;

  @Test
  void holdsThePublishedTablesOfBothVersions() {
    OperatorTable table = OperatorTable.published();
    assertThat(table.versions()).containsExactly("10.0", "10.15");
    assertThat(table.size()).isEqualTo(158);
  }

  @Test
  void aNodeOfTheListIsTakenInItsTypesAlone() {
    input("image", DataType.FLOAT);
    node("Relu", "image", "a").setName("r1");
    node("Cast", "a", "halves").addAttribute(number("to", DataType.FLOAT16_VALUE));
    node("Relu", "halves", "b");
    node("Cast", "a", "bytes").addAttribute(number("to", DataType.INT8_VALUE));
    node("Relu", "bytes", "c");
    assertThat(found())
        .containsExactly("c (Relu): of INT8 (must be among [FP32, FP16, BF16, INT32, INT64])");
  }

  @Test
  void whatIsNotInTheListIsNamedWithItsReason() {
    input("image", DataType.FLOAT);
    node("Det", "image", "a").setName("volume");
    node("Fancy", "a", "b").setDomain("com.example");
    node("HannWindow", "size", "w");
    node("Relu", "b", "c"); // of no known type
    assertThat(found())
        .containsExactly(
            "volume (Det): not in TensorRT's list (10.0, 10.15)",
            "b (Fancy): of domain com.example, which takes a plugin",
            "w (HannWindow): in the list of TensorRT 10.15, not in that of 10.0");
  }

  @Test
  void anOperatorSetBeyondTheRangeIsSaidOfTheFile() {
    opset = 21;
    assertThat(found()).containsExactly("students (opset): opset 21, TensorRT 10.0 takes 9 to 20");
    opset = 8;
    assertThat(found()).containsExactly("students (opset): opset 8, TensorRT 10.0 takes 9 to 20");
  }

  /** As a strongly typed network has it: no type follows from another. */
  @Test
  void aSumOfTwoTypesIsNotTaken() {
    input("image", DataType.FLOAT);
    constant("bias", DataType.FLOAT16, 0, 0);
    node("Add", "image", "sum").addInput("bias");
    assertThat(found()).containsExactly("sum (Add): of [FP16, FP32] at once (must be one)");
  }

  @Test
  void roundedValuesAreSignedAroundZero() {
    input("image", DataType.FLOAT);
    constant("scale", DataType.FLOAT, 0, 0, 0, 0);
    constant("zero", DataType.INT8, 0);
    constant("middle", DataType.INT8, 3);
    constant("unsigned", DataType.UINT8, 0);
    node("QuantizeLinear", "image", "q").addInput("scale").addInput("zero");
    node("DequantizeLinear", "q", "d").addInput("scale").addInput("zero");
    node("QuantizeLinear", "d", "q3").addInput("scale").addInput("middle");
    node("QuantizeLinear", "d", "u").addInput("scale").addInput("unsigned");
    node("DequantizeLinear", "u", "e").addInput("scale").addInput("unsigned");
    node("Relu", "e", "f");
    assertThat(found())
        .containsExactly(
            "q3 (QuantizeLinear): its zero point is not 0",
            "e (DequantizeLinear): of UINT8 (must be among [INT8, FP8, FP4, INT4])");
  }

  @Test
  void resizingAndPoolingAreHeldAgainstTheirRestrictions() {
    input("image", DataType.FLOAT);
    node("Resize", "image", "a").addAttribute(text("mode", "cubic"));
    node("Resize", "image", "b")
        .addAttribute(text("mode", "linear"))
        .addAttribute(text("coordinate_transformation_mode", "half_pixel"));
    node("Resize", "image", "c")
        .addAttribute(text("coordinate_transformation_mode", "tf_crop_and_resize"));
    node("Resize", "image", "d").addAttribute(number("antialias", 1));
    node("MaxPool", "image", "e").addAttribute(numbers("kernel_shape", 3, 3));
    node("MaxPool", "image", "f").addAttribute(numbers("kernel_shape", 3));
    node("AveragePool", "image", "g")
        .addAttribute(numbers("kernel_shape", 3, 3))
        .addAttribute(numbers("dilations", 1, 2));
    node("LayerNormalization", "image", "h").addOutput("mean");
    assertThat(found())
        .containsExactly(
            "a (Resize): mode cubic (must be among [linear, nearest])",
            "c (Resize): coordinates tf_crop_and_resize (must be among [align_corners, asymmetric,"
                + " half_pixel, pytorch_half_pixel, tf_half_pixel_for_nn])",
            "d (Resize): antialias, which it does not do",
            "f (MaxPool): 1 spatial axes (must be 2 or 3)",
            "g (AveragePool): dilated, which it does not do",
            "h (LayerNormalization): 2 outputs (must be 1)");
  }

  private List<String> found() {
    ModelProto model =
        ModelProto.newBuilder()
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset))
            .setGraph(graph)
            .build();
    return OperatorTable.published().check(model).stream().map(Object::toString).toList();
  }

  private void input(String name, DataType type) {
    var value = ValueInfoProto.newBuilder().setName(name);
    value.getTypeBuilder().getTensorTypeBuilder().setElemType(type.getNumber());
    graph.addInput(value);
  }

  private void constant(String name, DataType type, int... bytes) {
    byte[] raw = new byte[bytes.length];
    for (int i = 0; i < raw.length; i++) {
      raw[i] = (byte) bytes[i];
    }
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(type.getNumber())
            .setRawData(ByteString.copyFrom(raw)));
  }

  private NodeProto.Builder node(String operator, String input, String output) {
    return graph.addNodeBuilder().setOpType(operator).addInput(input).addOutput(output);
  }

  private static AttributeProto.Builder number(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setI(value);
  }

  private static AttributeProto.Builder numbers(String name, long... values) {
    var attribute = AttributeProto.newBuilder().setName(name);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute;
  }

  private static AttributeProto.Builder text(String name, String value) {
    return AttributeProto.newBuilder().setName(name).setS(ByteString.copyFromUtf8(value));
  }
}
