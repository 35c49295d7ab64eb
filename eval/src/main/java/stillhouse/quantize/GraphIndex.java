package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Who makes and who reads each value of a graph. */
final class GraphIndex {
  private final GraphProto graph;
  private final Map<String, TensorProto> constants = new HashMap<>();
  private final Map<String, Integer> maker = new HashMap<>();
  private final Map<String, List<Integer>> readers = new HashMap<>();
  private final Set<String> outputs = new HashSet<>();

  GraphIndex(GraphProto graph) {
    this.graph = graph;
    graph.getInitializerList().forEach(tensor -> constants.put(tensor.getName(), tensor));
    graph.getOutputList().forEach(output -> outputs.add(output.getName()));
    for (int i = 0; i < graph.getNodeCount(); i++) {
      for (String output : graph.getNode(i).getOutputList()) {
        maker.put(output, i);
      }
      for (String input : graph.getNode(i).getInputList()) {
        readers.computeIfAbsent(input, name -> new ArrayList<>()).add(i);
      }
    }
  }

  GraphProto graph() {
    return graph;
  }

  NodeProto node(int at) {
    return graph.getNode(at);
  }

  Optional<TensorProto> constant(String value) {
    return Optional.ofNullable(constants.get(value));
  }

  boolean isFloatConstant(String value) {
    TensorProto tensor = constants.get(value);
    return tensor != null && tensor.getDataType() == TensorProto.DataType.FLOAT.getNumber();
  }

  /** The node that makes a value; none for inputs and constants. */
  Optional<Integer> maker(String value) {
    return Optional.ofNullable(maker.get(value));
  }

  List<Integer> readers(String value) {
    return readers.getOrDefault(value, List.of());
  }

  boolean isOutput(String value) {
    return outputs.contains(value);
  }

  /** Inputs of a node that are no constants and not left out. */
  List<String> dynamic(NodeProto node) {
    return node.getInputList().stream()
        .filter(input -> !input.isEmpty() && !constants.containsKey(input))
        .toList();
  }

  /** The Relu that alone reads a value, so that both can be one kernel. */
  Optional<Integer> onlyRelu(String value) {
    List<Integer> all = readers(value);
    return all.size() == 1 && !isOutput(value) && node(all.get(0)).getOpType().equals("Relu")
        ? Optional.of(all.get(0))
        : Optional.empty();
  }
}
