package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.Layer;
import stillhouse.student.Scope;
import stillhouse.student.Weights;

/**
 * A transposed convolution of kernel 2 and stride 2, [P, in, h, w] to [P, out, 2h, 2w]: y(o, 2i +
 * a, 2j + b) = bias(o) + Σ_c x(c, i, j) W(c, o, a, b). No two of its outputs share a place, so it
 * is a 1×1 convolution to 4·out channels whose results are laid out 2×2. The tensors are PyTorch's:
 * W [in, out, 2, 2], one bias an output channel.
 */
final class Doubling implements Layer {
  private static final int AREA = 4;

  private final String name;
  private final int in;
  private final int out;
  private final NDArray weight;
  private final NDArray bias;

  Doubling(Weights weights, String name, int in, int out) {
    this.name = name;
    this.in = in;
    this.out = out;
    weight = weights.kaiming(name + ".weight", in, in, out, 2, 2);
    bias = weights.constant(name + ".bias", 0, out);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    long height = x.getShape().get(2);
    long width = x.getShape().get(3);
    NDArray kernel =
        Scope.to(x, weight.reshape(in, AREA * out)).transpose().reshape(AREA * out, in, 1, 1);
    Shape one = new Shape(1, 1);
    NDArray mixed = Conv2d.conv2d(x, kernel, null, one, new Shape(0, 0), one, 1).singletonOrThrow();
    NDArray laid =
        mixed
            .reshape(-1, out, 2, 2, height, width)
            .transpose(0, 1, 4, 2, 5, 3)
            .reshape(-1, out, 2 * height, 2 * width);
    return laid.add(Scope.to(x, bias.reshape(1, out, 1, 1)));
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String mixed =
        graph.node(
            "Conv",
            List.of(
                input,
                graph.tensor(name + ".weight", kernel(), AREA * out, in, 1, 1),
                graph.tensor(name + ".bias", biases(), AREA * out)),
            OnnxAttributes.ints("kernel_shape", 1, 1));
    return graph.node(
        "DepthToSpace",
        List.of(mixed),
        OnnxAttributes.integer("blocksize", 2),
        OnnxAttributes.text("mode", "CRD"));
  }

  /** [4·out, in], an output channel's four places side by side. */
  private float[] kernel() {
    float[] published = weight.toFloatArray();
    float[] kernel = new float[published.length];
    for (int i = 0; i < in; i++) {
      for (int o = 0; o < AREA * out; o++) {
        kernel[o * in + i] = published[i * AREA * out + o];
      }
    }
    return kernel;
  }

  private float[] biases() {
    float[] own = bias.toFloatArray();
    float[] all = new float[AREA * out];
    for (int o = 0; o < all.length; o++) {
      all[o] = own[o / AREA];
    }
    return all;
  }
}
