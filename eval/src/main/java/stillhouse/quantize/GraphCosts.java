package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.TensorInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What each node of a file moves and computes for one image, as the file says it: a runtime that
 * fuses nodes moves less.
 */
public final class GraphCosts {
  private static final int IMAGE_AXES = 4;

  /**
   * A node.
   *
   * @param read bytes of its inputs, constants among them
   * @param written bytes of its outputs
   * @param macs multiplications and additions of products, as pairs; 0 of other nodes
   * @param shape of its first output
   */
  public record Node(
      String name, String operator, long read, long written, long macs, List<Long> shape) {}

  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();
  private final Map<String, Long> bytes = new LinkedHashMap<>();

  private GraphCosts(ModelProto model, Map<String, long[]> inputs) {
    GraphProto graph = model.getGraph();
    for (TensorProto tensor : graph.getInitializerList()) {
      note(tensor.getName(), tensor.getDimsList(), width(tensor.getDataType()));
    }
    inputs.forEach((name, shape) -> note(name, boxed(shape), Float.BYTES));
    Set<String> values = new LinkedHashSet<>();
    graph.getNodeList().forEach(node -> values.addAll(node.getOutputList()));
    try (Probe probe = Probe.of(model, values)) {
      probe.run(
          inputs,
          (name, value) -> {
            TensorInfo info = ((OnnxTensor) value).getInfo();
            note(name, boxed(info.getShape()), width(info.type));
          });
    }
  }

  /**
   * Of a file of one image input.
   *
   * @return a node each, in the file's order
   * @throws IllegalArgumentException where it is no ONNX file of one image input
   */
  public static List<Node> of(byte[] model) {
    GraphProto graph = Activations.parse(model).getGraph();
    var image = graph.getInput(0);
    var dims = image.getType().getTensorType().getShape().getDimList();
    if (dims.size() != IMAGE_AXES) {
      throw new IllegalArgumentException(
          "Cannot explain '%s': its input has %d axes (must be [N, 3, H, W])"
              .formatted(graph.getName(), dims.size()));
    }
    long[] shape = {1, 3, dims.get(2).getDimValue(), dims.get(3).getDimValue()};
    return of(model, Map.of(image.getName(), shape));
  }

  /**
   * Of a file of any inputs of floats.
   *
   * @param inputs a shape of each
   */
  public static List<Node> of(byte[] model, Map<String, long[]> inputs) {
    ModelProto parsed = Activations.parse(model);
    GraphCosts costs = new GraphCosts(parsed, inputs);
    List<Node> nodes = new ArrayList<>();
    parsed.getGraph().getNodeList().forEach(node -> nodes.add(costs.node(node)));
    return nodes;
  }

  private static List<Long> boxed(long[] shape) {
    return Arrays.stream(shape).boxed().toList();
  }

  private Node node(NodeProto node) {
    return new Node(
        node.getName(),
        node.getOpType(),
        sum(node.getInputList()),
        sum(node.getOutputList()),
        macs(node),
        shapes.get(node.getOutput(0)));
  }

  private long sum(List<String> values) {
    return values.stream().filter(v -> !v.isEmpty()).mapToLong(bytes::get).sum();
  }

  /** Outputs by the products that each one sums. */
  private long macs(NodeProto node) {
    long outputs = product(shapes.get(node.getOutput(0)));
    return switch (node.getOpType()) {
      case "Conv" -> {
        List<Long> weight = shapes.get(node.getInput(1)); // [out, in / groups, h, w]
        yield outputs * product(weight.subList(1, weight.size()));
      }
      case "MatMul" -> {
        List<Long> left = shapes.get(node.getInput(0));
        yield outputs * left.get(left.size() - 1);
      }
      default -> 0;
    };
  }

  private void note(String name, List<Long> shape, int width) {
    shapes.put(name, shape);
    bytes.put(name, product(shape) * width);
  }

  private static long product(List<Long> shape) {
    return shape.stream().mapToLong(d -> d).reduce(1, Math::multiplyExact);
  }

  private static int width(int dataType) {
    return switch (TensorProto.DataType.forNumber(dataType)) {
      case INT8, UINT8, BOOL -> 1;
      case FLOAT16, BFLOAT16, INT16, UINT16 -> 2;
      case INT64, UINT64, DOUBLE -> 8;
      default -> Float.BYTES;
    };
  }

  private static int width(OnnxJavaType type) {
    return type.size;
  }
}
