package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import java.util.List;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.Layer;
import stillhouse.student.LayerNorm;
import stillhouse.student.Linear;
import stillhouse.student.Nonlinearity;
import stillhouse.student.Sequence;
import stillhouse.student.Weights;

/**
 * Tokens attend to each other, then to the image's cells, pass an MLP, and the cells attend to
 * them; a normalisation after each sum. Positions are added to queries and keys, never to values.
 * Source: SAM's class TwoWayAttentionBlock. As there, the first block's tokens are their own
 * positions, so its self-attention adds none and replaces them.
 */
final class TwoWayBlock {
  private final boolean first;
  private final Attention self;
  private final Attention toImage;
  private final Attention toTokens;
  private final Layer mlp;
  private final List<LayerNorm> norms;

  TwoWayBlock(Weights weights, String name, PromptDecoderConfig config, boolean first) {
    this.first = first;
    int channels = config.channels();
    int inner = channels / config.downsample();
    int heads = config.heads();
    self = Attention.ofTokens(weights, name + ".self_attn", channels, heads);
    toImage =
        Attention.ofPlaces(weights, name + ".cross_attn_token_to_image", channels, inner, heads);
    toTokens =
        Attention.ofPlaces(weights, name + ".cross_attn_image_to_token", channels, inner, heads);
    mlp =
        Sequence.of(
            new Linear(weights, name + ".mlp.lin1", channels, config.mlp()),
            Nonlinearity.RELU,
            new Linear(weights, name + ".mlp.lin2", config.mlp(), channels));
    norms =
        List.of(
            new LayerNorm(weights, name + ".norm1", channels),
            new LayerNorm(weights, name + ".norm2", channels),
            new LayerNorm(weights, name + ".norm3", channels),
            new LayerNorm(weights, name + ".norm4", channels));
  }

  /**
   * @param asked the tokens as they came, which are their positions, [P, N, C]
   * @param places the cells' positions, [L, C]
   */
  Streams<NDArray> forward(Streams<NDArray> in, NDArray asked, NDArray places, boolean training) {
    NDArray tokens = norms.get(0).forward(amongThemselves(in.tokens(), asked, training), training);
    NDArray cells = in.cells();
    NDArray placed = cells.add(places);
    NDArray seen = toImage.forward(tokens.add(asked), placed, cells, training);
    tokens = norms.get(1).forward(tokens.add(seen), training);
    tokens = norms.get(2).forward(tokens.add(mlp.forward(tokens, training)), training);
    NDArray told = toTokens.forward(placed, tokens.add(asked), tokens, training);
    return new Streams<>(tokens, norms.get(3).forward(cells.add(told), training));
  }

  private NDArray amongThemselves(NDArray tokens, NDArray asked, boolean training) {
    if (first) {
      return self.forward(tokens, tokens, tokens, training);
    }
    NDArray placed = tokens.add(asked);
    return tokens.add(self.forward(placed, placed, tokens, training));
  }

  Streams<String> export(OnnxGraph graph, Streams<String> in, String asked, String places) {
    String tokens = norms.get(0).export(graph, exportAmongThemselves(graph, in.tokens(), asked));
    String cells = in.cells();
    String placed = add(graph, cells, places);
    String seen = toImage.export(graph, add(graph, tokens, asked), placed, cells);
    tokens = norms.get(1).export(graph, add(graph, tokens, seen));
    tokens = norms.get(2).export(graph, add(graph, tokens, mlp.export(graph, tokens)));
    String told = toTokens.export(graph, placed, add(graph, tokens, asked), tokens);
    return new Streams<>(tokens, norms.get(3).export(graph, add(graph, cells, told)));
  }

  private String exportAmongThemselves(OnnxGraph graph, String tokens, String asked) {
    if (first) {
      return self.export(graph, tokens, tokens, tokens);
    }
    String placed = add(graph, tokens, asked);
    return add(graph, tokens, self.export(graph, placed, placed, tokens));
  }

  private static String add(OnnxGraph graph, String a, String b) {
    return graph.node("Add", List.of(a, b));
  }
}
