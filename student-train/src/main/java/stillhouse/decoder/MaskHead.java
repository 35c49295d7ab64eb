package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.ChannelNorm;
import stillhouse.student.Layer;
import stillhouse.student.Nonlinearity;
import stillhouse.student.Scope;
import stillhouse.student.Sequence;
import stillhouse.student.Weights;

/**
 * Embedding and prompt tokens to masks and their predicted IoU. Tokens of its own, one for IoU and
 * one a mask, go through the two-way transformer with the prompt's; a mask is the product of what a
 * small network makes of its token with the upsampled cells. Source: SAM's class MaskDecoder.
 */
final class MaskHead {
  private final PromptDecoderConfig config;
  private final PromptGrid grid;
  private final String name;
  private final TwoWayTransformer transformer;
  private final NDArray iouToken;
  private final NDArray maskTokens;
  private final Layer upsampling;
  private final List<Layer> perMask = new ArrayList<>();
  private final Layer iouHead;

  MaskHead(Weights weights, String name, PromptDecoderConfig config, PromptGrid grid) {
    this.config = config;
    this.grid = grid;
    this.name = name;
    int channels = config.channels();
    transformer = new TwoWayTransformer(weights, name + ".transformer", config);
    iouToken = weights.normal(name + ".iou_token.weight", 1, 1, channels);
    maskTokens = weights.normal(name + ".mask_tokens.weight", 1, config.masks(), channels);
    upsampling = upsampling(weights, name + ".output_upscaling", config);
    for (int i = 0; i < config.masks(); i++) {
      String own = name + ".output_hypernetworks_mlps." + i;
      perMask.add(TokenHead.of(weights, own, channels, channels, config.maskFeatures()));
    }
    iouHead =
        TokenHead.of(
            weights,
            name + ".iou_prediction_head",
            channels,
            config.headChannels(),
            config.masks());
  }

  private static Layer upsampling(Weights weights, String name, PromptDecoderConfig config) {
    int channels = config.channels();
    int features = config.maskFeatures();
    int between = 2 * features;
    return switch (config.upsampling()) {
      case FOURFOLD ->
          Sequence.of(
              new Doubling(weights, name + ".0", channels, between),
              new ChannelNorm(weights, name + ".1", between),
              Nonlinearity.GELU,
              new Doubling(weights, name + ".3", between, features),
              Nonlinearity.GELU);
      case TWOFOLD ->
          Sequence.of(new Doubling(weights, name + ".0", channels, features), Nonlinearity.GELU);
    };
  }

  /**
   * @param image embedding and what is added to it, [P, C, h, w]
   * @param places positions of the cells, [h·w, C]
   * @param prompt [P, N, C]
   */
  PromptedMasks forward(NDArray image, NDArray places, NDArray prompt, boolean training) {
    long prompts = prompt.getShape().get(0);
    NDArray tokens = ownTokens(prompt, prompts).concat(prompt, 1);
    NDArray cells = image.reshape(-1, config.channels(), grid.cells()).transpose(0, 2, 1);
    Streams<NDArray> told = transformer.forward(tokens, cells, places, training);
    NDArray map =
        told.cells().transpose(0, 2, 1).reshape(-1, config.channels(), grid.height(), grid.width());
    NDArray fine = upsampling.forward(map, training);
    NDArray masks =
        maskFactors(told.tokens(), training).matMul(fine.reshape(prompts, features(), -1));
    return new PromptedMasks(
        masks.reshape(prompts, config.masks(), height(), width()),
        iouHead.forward(token(told.tokens(), 0), training));
  }

  /** The IoU token before those of the masks, the same for every prompt. */
  private NDArray ownTokens(NDArray beside, long prompts) {
    NDArray own = Scope.to(beside, NDArrays.concat(new NDList(iouToken, maskTokens), 0));
    return own.expandDims(0).broadcast(new Shape(prompts, 1L + config.masks(), config.channels()));
  }

  /** [P, M, C/8]. */
  private NDArray maskFactors(NDArray tokens, boolean training) {
    NDList factors = new NDList();
    for (int i = 0; i < perMask.size(); i++) {
      factors.add(perMask.get(i).forward(token(tokens, 1 + i), training));
    }
    return NDArrays.stack(factors, 1);
  }

  private static NDArray token(NDArray tokens, int index) {
    return tokens.get(new NDIndex(":,{}", index));
  }

  /**
   * @return the masks' name, [P, M, h, w], and that of their predicted IoU, [P, M]
   */
  List<String> export(OnnxGraph graph, String image, String places, String prompt) {
    String own = exportOwnTokens(graph, prompt);
    String tokens = graph.node("Concat", List.of(own, prompt), OnnxAttributes.integer("axis", 1));
    String flat = graph.reshape(image, 0, config.channels(), grid.cells());
    Streams<String> told =
        transformer.export(graph, tokens, graph.transpose(flat, 0, 2, 1), places);
    String map =
        graph.reshape(
            graph.transpose(told.cells(), 0, 2, 1),
            0,
            config.channels(),
            grid.height(),
            grid.width());
    String fine = graph.reshape(upsampling.export(graph, map), 0, features(), height() * width());
    String factors = exportMaskFactors(graph, told.tokens());
    String masks = graph.node("MatMul", List.of(factors, fine));
    String ious = iouHead.export(graph, exportToken(graph, told.tokens(), 0));
    return List.of(
        graph.reshape(masks, 0, config.masks(), height(), width()),
        graph.reshape(ious, 0, config.masks()));
  }

  /** The own tokens once for each prompt. */
  private String exportOwnTokens(OnnxGraph graph, String prompt) {
    int count = 1 + config.masks();
    float[] values = new float[count * config.channels()];
    System.arraycopy(iouToken.toFloatArray(), 0, values, 0, config.channels());
    float[] ofMasks = maskTokens.toFloatArray();
    System.arraycopy(ofMasks, 0, values, config.channels(), ofMasks.length);
    String own = graph.tensor(name + ".tokens", values, count, config.channels());
    String prompts =
        graph.node(
            "Shape",
            List.of(prompt),
            OnnxAttributes.integer("start", 0),
            OnnxAttributes.integer("end", 1));
    String shape =
        graph.node(
            "Concat",
            List.of(prompts, graph.indices("own", count, config.channels())),
            OnnxAttributes.integer("axis", 0));
    return graph.node("Expand", List.of(own, shape));
  }

  private String exportMaskFactors(OnnxGraph graph, String tokens) {
    List<String> factors = new ArrayList<>();
    for (int i = 0; i < perMask.size(); i++) {
      factors.add(perMask.get(i).export(graph, exportToken(graph, tokens, 1 + i)));
    }
    return graph.node("Concat", factors, OnnxAttributes.integer("axis", 1));
  }

  /** One token, [P, 1, C]. */
  private static String exportToken(OnnxGraph graph, String tokens, int index) {
    return graph.node(
        "Gather",
        List.of(tokens, graph.indices("token", index)),
        OnnxAttributes.integer("axis", 1));
  }

  private int features() {
    return config.maskFeatures();
  }

  private int height() {
    return config.upsampling().factor() * grid.height();
  }

  private int width() {
    return config.upsampling().factor() * grid.width();
  }
}
