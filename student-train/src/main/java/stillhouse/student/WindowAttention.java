package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/**
 * Self-attention within windows of [B, C, H, W], one learned bias a head and distance (|Δy|, |Δx|):
 * softmax(q kᵀ / √d + bias) v, heads side by side, then a linear layer. Source: TinyViT (Wu et al.,
 * 2022), class Attention and the windows of TinyViTBlock; as there, padding cells take part as
 * zeros. Departure: a window is cut to the map where the map is smaller.
 */
final class WindowAttention implements Layer {
  private final String name;
  private final int channels;
  private final int heads;
  private final int headChannels;
  private final Windows windows;
  private final LayerNorm norm;
  private final Linear queryKeyValue;
  private final Linear projection;
  private final NDArray biases;
  private final NDArray distances;

  /**
   * @param side the window's side; its table of biases has side² distances whatever the map
   */
  WindowAttention(
      Weights weights, String name, int channels, int heads, int side, int height, int width) {
    this.name = name;
    this.channels = channels;
    this.heads = heads;
    headChannels = channels / heads;
    windows = new Windows(channels, height, width, side);
    norm = new LayerNorm(weights, name + ".norm", channels);
    queryKeyValue = new Linear(weights, name + ".qkv", channels, 3 * channels);
    projection = new Linear(weights, name + ".projection", channels, channels);
    biases = weights.constant(name + ".biases", 0, heads, (long) side * side);
    int tokens = windows.tokens();
    distances = weights.manager().create(distances(side), new Shape(heads, (long) tokens * tokens));
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray tokens = norm.forward(windows.cut(x), training);
    NDArray mixed =
        queryKeyValue
            .forward(tokens, training)
            .reshape(-1, windows.tokens(), heads, 3L * headChannels)
            .transpose(0, 2, 1, 3);
    NDList parts = mixed.split(new long[] {headChannels, 2L * headChannels}, 3);
    NDArray scores =
        Scalar.times(parts.get(0), scale()).matMul(parts.get(1).transpose(0, 1, 3, 2)).add(bias(x));
    NDArray seen =
        scores
            .softmax(-1)
            .matMul(parts.get(2))
            .transpose(0, 2, 1, 3)
            .reshape(-1, windows.tokens(), channels);
    return windows.join(projection.forward(seen, training));
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String tokens = norm.export(graph, windows.exportCut(graph, input));
    // The queries' weights take 1/√d, which saves a node.
    String mixed = queryKeyValue.exportScaled(graph, tokens, queryScale());
    String byHead =
        graph.transpose(
            graph.reshape(mixed, -1, windows.tokens(), heads, 3L * headChannels), 0, 2, 1, 3);
    List<String> parts =
        graph.nodes(
            "Split",
            List.of(byHead),
            3,
            OnnxAttributes.integer("axis", 3),
            OnnxAttributes.integer("num_outputs", 3));
    String scores =
        graph.node("MatMul", List.of(parts.get(0), graph.transpose(parts.get(1), 0, 1, 3, 2)));
    String biased = graph.node("Add", List.of(scores, exportBias(graph)));
    String shares = graph.node("Softmax", List.of(biased), OnnxAttributes.integer("axis", -1));
    String seen = graph.transpose(graph.node("MatMul", List.of(shares, parts.get(2))), 0, 2, 1, 3);
    String joined = graph.reshape(seen, -1, windows.tokens(), channels);
    return windows.exportJoin(graph, projection.export(graph, joined));
  }

  /** [heads, L, L]. */
  private NDArray bias(NDArray x) {
    int tokens = windows.tokens();
    return Scope.to(x, biases.gather(distances, 1)).reshape(heads, tokens, tokens);
  }

  private String exportBias(OnnxGraph graph) {
    int tokens = windows.tokens();
    float[] table = biases.toFloatArray();
    int side2 = table.length / heads;
    long[] index = distances.toLongArray();
    float[] bias = new float[index.length];
    int perHead = tokens * tokens;
    for (int i = 0; i < bias.length; i++) {
      bias[i] = table[i / perHead * side2 + (int) index[i]];
    }
    return graph.tensor(name + ".biases", bias, heads, tokens, tokens);
  }

  /** For each head and pair of tokens, |Δy| · side + |Δx|. */
  private long[] distances(int side) {
    int tokens = windows.tokens();
    int wide = windows.wide();
    long[] index = new long[heads * tokens * tokens];
    int o = 0;
    for (int h = 0; h < heads; h++) {
      for (int a = 0; a < tokens; a++) {
        for (int b = 0; b < tokens; b++) {
          index[o++] = Math.abs(a / wide - b / wide) * (long) side + Math.abs(a % wide - b % wide);
        }
      }
    }
    return index;
  }

  private double[] queryScale() {
    double[] scale = new double[3 * channels];
    Arrays.fill(scale, 1);
    for (int h = 0; h < heads; h++) {
      int first = h * 3 * headChannels;
      Arrays.fill(scale, first, first + headChannels, scale());
    }
    return scale;
  }

  private double scale() {
    return 1 / Math.sqrt(headChannels);
  }
}
