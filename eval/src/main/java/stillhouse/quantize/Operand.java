package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A product of an activation and a constant.
 *
 * @param node its place among the graph's nodes
 * @param activation name of the first input
 * @param weight name of the second, an initialiser
 * @param axis of the weight that runs over output channels
 */
record Operand(int node, String activation, String weight, int axis) {
  static List<Operand> of(GraphProto graph) {
    Map<String, Integer> ranks = new HashMap<>();
    for (TensorProto tensor : graph.getInitializerList()) {
      if (tensor.getDataType() == TensorProto.DataType.FLOAT.getNumber()) {
        ranks.put(tensor.getName(), tensor.getDimsCount());
      }
    }
    List<Operand> operands = new ArrayList<>();
    for (int i = 0; i < graph.getNodeCount(); i++) {
      NodeProto node = graph.getNode(i);
      boolean conv = node.getOpType().equals("Conv");
      boolean product = node.getOpType().equals("MatMul");
      if (!conv && !product) {
        continue;
      }
      int rank = ranks.getOrDefault(node.getInput(1), 0);
      if (rank == (conv ? 4 : 2) && !ranks.containsKey(node.getInput(0))) {
        operands.add(new Operand(i, node.getInput(0), node.getInput(1), conv ? 0 : 1));
      }
    }
    return operands;
  }
}
