package stillhouse.tensorrt;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The element type of every value of a graph, by the names that TensorRT's table has for them
 * (FP32, INT8, …). A file need not say them: they follow from its inputs, its constants and its
 * nodes, in order. A value behind an operator that isn't ONNX's own is of no known type.
 */
final class ElementTypes {
  private static final Set<String> OF_INDICES =
      Set.of("ArgMax", "ArgMin", "NonZero", "Shape", "Size");
  private static final Set<String> OF_TRUTH =
      Set.copyOf(
          List.of(
              "And",
              "Equal",
              "Greater",
              "GreaterOrEqual",
              "IsInf",
              "IsNaN",
              "Less",
              "LessOrEqual",
              "Not",
              "Or",
              "Xor"));

  /** Whose inputs are all data: a strongly typed network takes them of one type alone. */
  private static final Set<String> OF_ONE_TYPE =
      Set.of("Add", "Concat", "Conv", "ConvTranspose", "Div", "Gemm", "MatMul", "Mul", "Sub");

  private final Map<String, String> types = new HashMap<>();

  ElementTypes(GraphProto graph) {
    graph
        .getInputList()
        .forEach(
            input ->
                types.put(input.getName(), word(input.getType().getTensorType().getElemType())));
    graph
        .getInitializerList()
        .forEach(tensor -> types.put(tensor.getName(), word(tensor.getDataType())));
  }

  /** Learns what a node makes; nodes come in the graph's order. */
  void add(NodeProto node) {
    Optional<String> first = made(node);
    for (int i = 0; i < node.getOutputCount(); i++) {
      String output = node.getOutput(i);
      Optional<String> type =
          i > 0 && Set.of("MaxPool", "TopK").contains(node.getOpType())
              ? Optional.of("INT64")
              : first;
      type.ifPresent(known -> types.put(output, known));
    }
  }

  private Optional<String> made(NodeProto node) {
    String operator = node.getOpType();
    if (OF_INDICES.contains(operator)) {
      return Optional.of("INT64");
    }
    if (OF_TRUTH.contains(operator)) {
      return Optional.of("BOOL");
    }
    return switch (operator) {
      case "Cast" -> attribute(node, "to").map(to -> word((int) to.getI()));
      case "Constant" -> attribute(node, "value").map(v -> word(v.getT().getDataType()));
      case "ConstantOfShape" ->
          attribute(node, "value").map(v -> word(v.getT().getDataType())).or(ElementTypes::fp32);
      case "CastLike", "DequantizeLinear", "Where" -> input(node, 1);
      case "QuantizeLinear" -> input(node, 2).or(() -> Optional.of("UINT8"));
      default -> input(node, 0);
    };
  }

  private static Optional<String> fp32() {
    return Optional.of("FP32");
  }

  /** Of a node's first data input; empty where it has none, or of no known type. */
  Optional<String> ofData(NodeProto node) {
    return node.getOpType().equals("Where") ? input(node, 1) : input(node, 0);
  }

  /** What is wrong with a node that takes its inputs of one type alone, and has two. */
  Optional<String> mixed(NodeProto node) {
    if (!OF_ONE_TYPE.contains(node.getOpType())) {
      return Optional.empty();
    }
    Set<String> all = new TreeSet<>();
    for (int i = 0; i < node.getInputCount(); i++) {
      input(node, i).ifPresent(all::add);
    }
    return all.size() > 1 ? Optional.of("of " + all + " at once (must be one)") : Optional.empty();
  }

  private Optional<String> input(NodeProto node, int at) {
    return at < node.getInputCount()
        ? Optional.ofNullable(types.get(node.getInput(at)))
        : Optional.empty();
  }

  static Optional<AttributeProto> attribute(NodeProto node, String name) {
    return node.getAttributeList().stream().filter(a -> a.getName().equals(name)).findFirst();
  }

  /** ONNX's FLOAT is TensorRT's FP32; FLOAT8E4M3FN and its like are FP8. */
  private static String word(int number) {
    TensorProto.DataType type = TensorProto.DataType.forNumber(number);
    String name = type == null ? "type " + number : type.name();
    return switch (name) {
      case "FLOAT" -> "FP32";
      case "FLOAT16" -> "FP16";
      case "BFLOAT16" -> "BF16";
      default -> name.startsWith("FLOAT8") ? "FP8" : name;
    };
  }
}
