package stillhouse.tensorrt;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Those restrictions of TensorRT's table that touch operators which segmenters are made of: zero
 * points, resizing, pooling, layer normalisation.
 */
final class Restrictions {
  private static final Set<String> RESIZES = Set.of("nearest", "linear");
  private static final Set<String> COORDINATES =
      Set.of(
          "half_pixel",
          "pytorch_half_pixel",
          "tf_half_pixel_for_nn",
          "asymmetric",
          "align_corners");

  private final Map<String, TensorProto> constants = new HashMap<>();

  Restrictions(GraphProto graph) {
    graph.getInitializerList().forEach(tensor -> constants.put(tensor.getName(), tensor));
    graph.getNodeList().stream()
        .filter(node -> node.getOpType().equals("Constant"))
        .forEach(
            node ->
                ElementTypes.attribute(node, "value")
                    .ifPresent(value -> constants.put(node.getOutput(0), value.getT())));
  }

  /** What of a node's restriction does not hold. */
  Optional<String> broken(NodeProto node) {
    return switch (node.getOpType()) {
      case "QuantizeLinear", "DequantizeLinear" -> zeroPoint(node);
      case "Resize" -> resize(node);
      case "MaxPool" -> oneOutput(node).or(() -> pool(node));
      case "AveragePool" -> pool(node);
      case "LayerNormalization" -> oneOutput(node);
      default -> Optional.empty();
    };
  }

  private Optional<String> zeroPoint(NodeProto node) {
    if (node.getInputCount() < 3 || node.getInput(2).isEmpty()) {
      return Optional.empty(); // then it is 0
    }
    TensorProto zero = constants.get(node.getInput(2));
    return zero != null && isZero(zero) ? Optional.empty() : Optional.of("its zero point is not 0");
  }

  private static boolean isZero(TensorProto tensor) {
    for (byte b : tensor.getRawData().toByteArray()) {
      if (b != 0) {
        return false;
      }
    }
    return tensor.getInt32DataList().stream().allMatch(v -> v == 0);
  }

  private static Optional<String> resize(NodeProto node) {
    String mode = text(node, "mode", "nearest");
    if (!RESIZES.contains(mode)) {
      return Optional.of("mode %s (must be among %s)".formatted(mode, sorted(RESIZES)));
    }
    String coordinates = text(node, "coordinate_transformation_mode", "half_pixel");
    if (!COORDINATES.contains(coordinates)) {
      return Optional.of(
          "coordinates %s (must be among %s)".formatted(coordinates, sorted(COORDINATES)));
    }
    boolean smoothed =
        ElementTypes.attribute(node, "antialias").filter(a -> a.getI() != 0).isPresent();
    return smoothed ? Optional.of("antialias, which it does not do") : Optional.empty();
  }

  private static Optional<String> pool(NodeProto node) {
    int axes =
        ElementTypes.attribute(node, "kernel_shape").map(AttributeProto::getIntsCount).orElse(0);
    if (axes != 2 && axes != 3) {
      return Optional.of(axes + " spatial axes (must be 2 or 3)");
    }
    boolean dilated =
        ElementTypes.attribute(node, "dilations")
            .filter(a -> a.getIntsList().stream().anyMatch(d -> d != 1))
            .isPresent();
    return dilated ? Optional.of("dilated, which it does not do") : Optional.empty();
  }

  private static Optional<String> oneOutput(NodeProto node) {
    return node.getOutputCount() > 1
        ? Optional.of(node.getOutputCount() + " outputs (must be 1)")
        : Optional.empty();
  }

  private static String text(NodeProto node, String name, String ifNone) {
    return ElementTypes.attribute(node, name)
        .map(a -> a.getS().toString(StandardCharsets.UTF_8))
        .orElse(ifNone);
  }

  private static List<String> sorted(Set<String> words) {
    return words.stream().sorted().toList();
  }
}
