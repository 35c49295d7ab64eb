package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/**
 * relu(shortcut(x) + narrow 1×1, 3×3, widen 1×1): the shortcut is a 1×1 convolution where grid or
 * width change, else x itself. Source: ResNet (He et al., 2016), with the stride on the 3×3 as
 * torchvision and timm have it. Departure: the last normalisation starts at {@link
 * ConvNorm#BRANCH_GAIN}.
 */
final class Bottleneck implements Layer {
  /** Output channels a channel of the 3×3. */
  static final int EXPANSION = 4;

  private final Layer branch;
  private final Layer shortcut;

  Bottleneck(Weights weights, String name, int in, int out, int stride, Norm norm) {
    int narrow = out / EXPANSION;
    branch =
        Sequence.of(
            new ConvNorm(weights, name + ".narrow", Kernel.of(in, narrow, 1), norm),
            Nonlinearity.RELU,
            new ConvNorm(
                weights, name + ".square", Kernel.strided(narrow, narrow, 3, stride), norm),
            Nonlinearity.RELU,
            new ConvNorm(
                weights, name + ".widen", Kernel.of(narrow, out, 1), norm, ConvNorm.BRANCH_GAIN));
    shortcut =
        in == out && stride == 1
            ? Sequence.of()
            : new ConvNorm(weights, name + ".shortcut", Kernel.strided(in, out, 1, stride), norm);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray sum = branch.forward(x, training).add(shortcut.forward(x, training));
    return Nonlinearity.RELU.forward(sum, training);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String own = branch.export(graph, input);
    String sum = graph.node("Add", List.of(own, shortcut.export(graph, input)));
    return Nonlinearity.RELU.export(graph, sum);
  }
}
