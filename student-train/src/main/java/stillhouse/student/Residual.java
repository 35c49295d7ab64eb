package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/** x + branch(x). */
record Residual(Layer branch) implements Layer {
  @Override
  public NDArray forward(NDArray x, boolean training) {
    return x.add(branch.forward(x, training));
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return graph.node("Add", List.of(input, branch.export(graph, input)));
  }
}
