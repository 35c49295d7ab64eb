package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/** Layers, one after another. */
public record Sequence(List<Layer> layers) implements Layer {
  public Sequence {
    layers = List.copyOf(layers);
  }

  public static Sequence of(Layer... layers) {
    return new Sequence(List.of(layers));
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray y = x;
    for (Layer layer : layers) {
      y = layer.forward(y, training);
    }
    return y;
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String value = input;
    for (Layer layer : layers) {
      value = layer.export(graph, value);
    }
    return value;
  }
}
