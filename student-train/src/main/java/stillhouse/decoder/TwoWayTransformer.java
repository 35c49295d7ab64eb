package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.LayerNorm;
import stillhouse.student.Weights;

/**
 * Blocks in which tokens and cells attend to each other, and a last look of the tokens at the
 * image. Source: SAM's class TwoWayTransformer.
 */
final class TwoWayTransformer {
  private final List<TwoWayBlock> blocks = new ArrayList<>();
  private final Attention last;
  private final LayerNorm norm;

  TwoWayTransformer(Weights weights, String name, PromptDecoderConfig config) {
    for (int i = 0; i < config.depth(); i++) {
      blocks.add(new TwoWayBlock(weights, name + ".layers." + i, config, i == 0));
    }
    int channels = config.channels();
    last =
        Attention.ofPlaces(
            weights,
            name + ".final_attn_token_to_image",
            channels,
            channels / config.downsample(),
            config.heads());
    norm = new LayerNorm(weights, name + ".norm_final_attn", channels);
  }

  /**
   * @param tokens [P, N, C]
   * @param cells [P, L, C]
   * @param places [L, C]
   */
  Streams<NDArray> forward(NDArray tokens, NDArray cells, NDArray places, boolean training) {
    Streams<NDArray> streams = new Streams<>(tokens, cells);
    for (TwoWayBlock block : blocks) {
      streams = block.forward(streams, tokens, places, training);
    }
    NDArray seen =
        last.forward(
            streams.tokens().add(tokens), streams.cells().add(places), streams.cells(), training);
    NDArray told = norm.forward(streams.tokens().add(seen), training);
    return new Streams<>(told, streams.cells());
  }

  Streams<String> export(OnnxGraph graph, String tokens, String cells, String places) {
    Streams<String> streams = new Streams<>(tokens, cells);
    for (TwoWayBlock block : blocks) {
      streams = block.export(graph, streams, tokens, places);
    }
    String asked = graph.node("Add", List.of(streams.tokens(), tokens));
    String placed = graph.node("Add", List.of(streams.cells(), places));
    String seen = last.export(graph, asked, placed, streams.cells());
    String sum = graph.node("Add", List.of(streams.tokens(), seen));
    return new Streams<>(norm.export(graph, sum), streams.cells());
  }
}
