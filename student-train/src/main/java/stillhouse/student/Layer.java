package stillhouse.student;

import ai.djl.ndarray.NDArray;
import stillhouse.onnx.OnnxGraph;

/**
 * One differentiable step of a network, with its two readings side by side: how it is computed
 * while training, and which ONNX nodes say the same.
 */
public interface Layer {
  /**
   * @param x the layer's input, attached to the step's manager
   * @param training whether batch statistics are taken and updated
   */
  NDArray forward(NDArray x, boolean training);

  /** Appends this layer's nodes in inference form and returns the name of its output. */
  String export(OnnxGraph graph, String input);
}
