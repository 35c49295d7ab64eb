package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import java.util.ArrayList;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/** A 2-D convolution, [B, in, H, W] to [B, out, H/stride, W/stride]. */
public final class Convolution implements Layer {
  private final String name;
  private final Kernel kernel;
  private final NDArray weight;
  private final NDArray bias;

  private Convolution(String name, Kernel kernel, NDArray weight, NDArray bias) {
    this.name = name;
    this.kernel = kernel;
    this.weight = weight;
    this.bias = bias;
  }

  /**
   * With a bias, zero at the start.
   *
   * @param gain the start's scale against Kaiming-normal's
   */
  public static Convolution biased(Weights weights, String name, Kernel kernel, double gain) {
    return biased(weights, name, kernel, gain, 0);
  }

  /**
   * With a bias.
   *
   * @param bias its start
   */
  static Convolution biased(Weights weights, String name, Kernel kernel, double gain, double bias) {
    return new Convolution(
        name,
        kernel,
        start(weights, name, kernel, gain),
        weights.constant(name + ".bias", bias, kernel.out()));
  }

  static Convolution unbiased(Weights weights, String name, Kernel kernel) {
    return new Convolution(name, kernel, start(weights, name, kernel, 1), null);
  }

  private static NDArray start(Weights weights, String name, Kernel kernel, double gain) {
    return weights.normal(
        name + ".weight", gain * Math.sqrt(2.0 / kernel.fanIn()), kernel.weightShape());
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return Conv2d.conv2d(
            x,
            weight,
            bias,
            new Shape(kernel.stride(), kernel.stride()),
            new Shape(kernel.padding(), kernel.padding()),
            new Shape(kernel.dilation(), kernel.dilation()),
            kernel.groups())
        .singletonOrThrow();
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    return export(graph, input, weight.toFloatArray(), bias == null ? null : bias.toFloatArray());
  }

  /** Appends the convolution followed by y = scale·x + shift per output channel, as one node. */
  String exportFolded(OnnxGraph graph, String input, double[] scale, double[] shift) {
    float[] folded = weight.toFloatArray();
    int perChannel = folded.length / kernel.out();
    float[] moved = new float[kernel.out()];
    float[] own = bias == null ? new float[kernel.out()] : bias.toFloatArray();
    for (int c = 0; c < kernel.out(); c++) {
      for (int i = c * perChannel; i < (c + 1) * perChannel; i++) {
        folded[i] = (float) (folded[i] * scale[c]);
      }
      moved[c] = (float) (own[c] * scale[c] + shift[c]);
    }
    return export(graph, input, folded, moved);
  }

  /** Its weights, [out, in/groups, size, size]; a copy. */
  float[] weights() {
    return weight.toFloatArray();
  }

  /** Its biases, [out]; a copy. */
  float[] biases() {
    return bias.toFloatArray();
  }

  /** Appends the convolution with other weights and biases than its own. */
  String exportWith(OnnxGraph graph, String input, float[] values, float[] offsets) {
    return export(graph, input, values, offsets);
  }

  private String export(OnnxGraph graph, String input, float[] values, float[] offsets) {
    List<String> inputs = new ArrayList<>();
    inputs.add(input);
    inputs.add(graph.tensor(name + ".weight", values, kernel.weightShape()));
    if (offsets != null) {
      inputs.add(graph.tensor(name + ".bias", offsets, kernel.out()));
    }
    long p = kernel.padding();
    return graph.node(
        "Conv",
        inputs,
        OnnxAttributes.ints("kernel_shape", kernel.size(), kernel.size()),
        OnnxAttributes.ints("strides", kernel.stride(), kernel.stride()),
        OnnxAttributes.ints("pads", p, p, p, p),
        OnnxAttributes.ints("dilations", kernel.dilation(), kernel.dilation()),
        OnnxAttributes.integer("group", kernel.groups()));
  }
}
