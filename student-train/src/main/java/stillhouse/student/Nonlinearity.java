package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/** Activation functions, each of any shape. */
public enum Nonlinearity implements Layer {
  RELU("Relu") {
    @Override
    public NDArray forward(NDArray x, boolean training) {
      return Activation.relu(x);
    }
  },
  /** x Φ(x), by the error function and not its tanh approximation. */
  GELU("Gelu") {
    @Override
    public NDArray forward(NDArray x, boolean training) {
      return Activation.gelu(x);
    }
  },
  /** ln(1 + eˣ): above 0 everywhere. */
  SOFTPLUS("Softplus") {
    @Override
    public NDArray forward(NDArray x, boolean training) {
      return Activation.softPlus(x);
    }
  },
  /** x · min(max(x + 3, 0), 6) / 6. */
  HARD_SWISH("HardSwish") {
    @Override
    public NDArray forward(NDArray x, boolean training) {
      return Scalar.over(x.mul(Scalar.atMost(Scalar.atLeast(x.add(3), 0), 6)), 6);
    }
  };

  private final String operator;

  Nonlinearity(String operator) {
    this.operator = operator;
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return graph.node(operator, List.of(input));
  }
}
