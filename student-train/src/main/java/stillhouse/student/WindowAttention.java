package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/**
 * Self-attention within windows of [B, C, H, W], with learned biases by how two tokens lie ({@link
 * AttentionBias}): softmax(q kᵀ / √d + bias) v, heads side by side, then a linear layer. Sources:
 * TinyViT (Wu et al., 2022), class Attention and the windows of TinyViTBlock; Swin (Liu et al.,
 * 2021), W-MSA and SW-MSA. As there, padding cells take part as zeros. Departure: a window is cut
 * to the map where the map is smaller.
 */
final class WindowAttention implements Layer {
  /** Where the two papers differ. */
  private enum Style {
    /** Normalises after padding; a head's q, k and v stand together. */
    TINY_VIT(AttentionBias.Kind.DISTANCES),
    /** Normalises before padding; all heads' q stand before all k, before all v. */
    SWIN(AttentionBias.Kind.OFFSETS);

    private final AttentionBias.Kind bias;

    Style(AttentionBias.Kind bias) {
      this.bias = bias;
    }
  }

  private final String name;
  private final Style style;
  private final int channels;
  private final int heads;
  private final int headChannels;
  private final Windows windows;
  private final CyclicShift shift;
  private final LayerNorm norm;
  private final Tokens normBeforePadding;
  private final Linear queryKeyValue;
  private final Linear projection;
  private final AttentionBias bias;
  private final NDArray mask;

  private WindowAttention(
      Weights weights,
      String name,
      Style style,
      int channels,
      int heads,
      int side,
      CyclicShift shift) {
    this.name = name;
    this.style = style;
    this.channels = channels;
    this.heads = heads;
    this.shift = shift;
    headChannels = channels / heads;
    windows = new Windows(channels, shift.height(), shift.width(), side);
    norm = new LayerNorm(weights, name + ".norm", channels);
    normBeforePadding =
        style == Style.SWIN && windows.padded()
            ? new Tokens(channels, shift.height(), shift.width(), norm)
            : null;
    queryKeyValue = new Linear(weights, name + ".qkv", channels, 3 * channels);
    projection = new Linear(weights, name + ".projection", channels, channels);
    bias = new AttentionBias(weights, name + ".biases", style.bias, heads, side, windows);
    mask = shift.moves() ? weights.manager().create(shift.mask(windows), maskShape()) : null;
  }

  /**
   * @param side the window's side; its table of biases has side² distances whatever the map
   */
  static WindowAttention tinyVit(
      Weights weights, String name, int channels, int heads, int side, int height, int width) {
    CyclicShift none = CyclicShift.none(height, width);
    return new WindowAttention(weights, name, Style.TINY_VIT, channels, heads, side, none);
  }

  /**
   * @param shifted whether the windows lie across those of the block before
   */
  static WindowAttention swin(
      Weights weights,
      String name,
      int channels,
      int heads,
      int side,
      InputSize.Grid grid,
      boolean shifted) {
    CyclicShift shift =
        shifted
            ? CyclicShift.ofHalf(side, grid.height(), grid.width())
            : CyclicShift.none(grid.height(), grid.width());
    return new WindowAttention(weights, name, Style.SWIN, channels, heads, side, shift);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray tokens = tokens(x, training);
    NDList parts = parts(queryKeyValue.forward(tokens, training));
    NDArray scores =
        Scalar.times(parts.get(0), scale())
            .matMul(parts.get(1).transpose(0, 1, 3, 2))
            .add(bias.of(x));
    NDArray seen =
        masked(scores)
            .softmax(-1)
            .matMul(parts.get(2))
            .transpose(0, 2, 1, 3)
            .reshape(-1, windows.tokens(), channels);
    return shift.undo(windows.join(projection.forward(seen, training)));
  }

  private NDArray tokens(NDArray x, boolean training) {
    return normBeforePadding == null
        ? norm.forward(windows.cut(shift.apply(x)), training)
        : windows.cut(shift.apply(normBeforePadding.forward(x, training)));
  }

  /** q, k and v of each head, [B·n, heads, L, d]. */
  private NDList parts(NDArray mixed) {
    int tokens = windows.tokens();
    return switch (style) {
      case TINY_VIT ->
          mixed
              .reshape(-1, tokens, heads, 3L * headChannels)
              .transpose(0, 2, 1, 3)
              .split(new long[] {headChannels, 2L * headChannels}, 3);
      case SWIN ->
          mixed
              .reshape(-1, tokens, 3L * heads, headChannels)
              .transpose(0, 2, 1, 3)
              .split(new long[] {heads, 2L * heads}, 1);
    };
  }

  private NDArray masked(NDArray scores) {
    if (mask == null) {
      return scores;
    }
    int tokens = windows.tokens();
    return scores
        .reshape(-1, windows.count(), heads, tokens, tokens)
        .add(mask)
        .reshape(-1, heads, tokens, tokens);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    // The queries' weights take 1/√d, which saves a node.
    String mixed = queryKeyValue.exportScaled(graph, exportTokens(graph, input), queryScale());
    List<String> parts = exportParts(graph, mixed);
    String scores =
        graph.node("MatMul", List.of(parts.get(0), graph.transpose(parts.get(1), 0, 1, 3, 2)));
    String biased = exportMasked(graph, graph.node("Add", List.of(scores, bias.export(graph))));
    String shares = graph.node("Softmax", List.of(biased), OnnxAttributes.integer("axis", -1));
    String seen = graph.transpose(graph.node("MatMul", List.of(shares, parts.get(2))), 0, 2, 1, 3);
    String joined = graph.reshape(seen, -1, windows.tokens(), channels);
    return shift.exportUndo(graph, windows.exportJoin(graph, projection.export(graph, joined)));
  }

  private String exportTokens(OnnxGraph graph, String input) {
    return normBeforePadding == null
        ? norm.export(graph, windows.exportCut(graph, shift.export(graph, input)))
        : windows.exportCut(graph, shift.export(graph, normBeforePadding.export(graph, input)));
  }

  private List<String> exportParts(OnnxGraph graph, String mixed) {
    boolean together = style == Style.TINY_VIT;
    String byHead =
        graph.transpose(
            graph.reshape(
                mixed,
                -1,
                windows.tokens(),
                together ? heads : 3L * heads,
                together ? 3L * headChannels : headChannels),
            0,
            2,
            1,
            3);
    return graph.nodes(
        "Split",
        List.of(byHead),
        3,
        OnnxAttributes.integer("axis", together ? 3 : 1),
        OnnxAttributes.integer("num_outputs", 3));
  }

  private String exportMasked(OnnxGraph graph, String scores) {
    if (mask == null) {
      return scores;
    }
    int tokens = windows.tokens();
    String byWindow = graph.reshape(scores, -1, windows.count(), heads, tokens, tokens);
    String seams = graph.tensor(name + ".mask", mask.toFloatArray(), maskShape().getShape());
    return graph.reshape(graph.node("Add", List.of(byWindow, seams)), -1, heads, tokens, tokens);
  }

  private Shape maskShape() {
    return new Shape(windows.count(), 1, windows.tokens(), windows.tokens());
  }

  /** 1/√d for the queries' outputs, 1 for the others. */
  private double[] queryScale() {
    double[] scale = new double[3 * channels];
    Arrays.fill(scale, 1);
    int apart = style == Style.TINY_VIT ? 3 * headChannels : headChannels;
    for (int h = 0; h < heads; h++) {
      Arrays.fill(scale, h * apart, h * apart + headChannels, scale());
    }
    return scale;
  }

  private double scale() {
    return 1 / Math.sqrt(headChannels);
  }
}
