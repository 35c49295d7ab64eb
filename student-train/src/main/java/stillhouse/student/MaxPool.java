package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.pooling.Pool;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/** The largest value of each 3×3, every second one; halves an even grid. ResNet's stem has it. */
enum MaxPool implements Layer {
  HALVING;

  private static final int SIZE = 3;

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return Pool.maxPool2d(x, new Shape(SIZE, SIZE), new Shape(2, 2), new Shape(1, 1), false);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return graph.node(
        "MaxPool",
        List.of(input),
        OnnxAttributes.ints("kernel_shape", SIZE, SIZE),
        OnnxAttributes.ints("strides", 2, 2),
        OnnxAttributes.ints("pads", 1, 1, 1, 1));
  }
}
