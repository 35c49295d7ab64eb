package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.ChannelNorm;
import stillhouse.student.Convolution;
import stillhouse.student.Kernel;
import stillhouse.student.Layer;
import stillhouse.student.Nonlinearity;
import stillhouse.student.Scope;
import stillhouse.student.Sequence;
import stillhouse.student.Weights;

/**
 * Turns points into tokens, and an earlier mask into what is added to the embedding. A token is the
 * encoding of its place plus what its label means; of padding it is a learnt "no point" alone.
 * Source: SAM's class PromptEncoder, whose half pixel is added here too: {@link PromptInput} says
 * which.
 */
final class PromptEncoder {
  private final PromptKinds kinds;
  private final PromptGrid grid;
  private final int channels;
  private final String name;
  private final PositionalEncoding encoding;
  private final List<NDArray> meanings = new ArrayList<>(); // of padding, then of each label
  private final Layer maskPath;
  private final NDArray noMask;

  PromptEncoder(Weights weights, String name, PromptDecoderConfig config, PromptGrid grid) {
    this.kinds = config.prompts();
    this.grid = grid;
    this.channels = config.channels();
    this.name = name;
    String matrix = name + ".pe_layer.positional_encoding_gaussian_matrix";
    encoding = new PositionalEncoding(weights, matrix, channels, config.frequencies());
    meanings.add(weights.normal(name + ".not_a_point_embed.weight", 1, 1, channels));
    for (int label : kinds.labels()) {
      meanings.add(weights.normal(name + ".point_embeddings." + label + ".weight", 1, 1, channels));
    }
    noMask = weights.normal(name + ".no_mask_embed.weight", 1, 1, channels);
    maskPath =
        kinds.takesMask()
            ? maskPath(weights, name + ".mask_downscaling", config.maskChannels(), channels)
            : null;
  }

  private static Layer maskPath(Weights weights, String name, int mask, int channels) {
    int first = mask / PromptDecoderConfig.FIRST_SHARE;
    return Sequence.of(
        Convolution.biased(weights, name + ".0", Kernel.patches(1, first, 2), 1),
        new ChannelNorm(weights, name + ".1", first),
        Nonlinearity.GELU,
        Convolution.biased(weights, name + ".3", Kernel.patches(first, mask, 2), 1),
        new ChannelNorm(weights, name + ".4", mask),
        Nonlinearity.GELU,
        Convolution.biased(weights, name + ".6", Kernel.of(mask, channels, 1), 1));
  }

  /** Whether an earlier mask has a way in. */
  boolean takesMask() {
    return maskPath != null;
  }

  /** The positions of the embedding's cells, [h·w, C]. */
  NDArray places(NDManager manager) {
    return encoding.of(grid, manager);
  }

  /**
   * @param points [P, N, 2]: x before y, in pixels of the input
   * @param labels [P, N]
   * @return [P, N, C]
   */
  NDArray tokens(NDArray points, NDArray labels) {
    NDManager manager = points.getManager();
    NDArray which = labels.expandDims(-1).eq(manager.create(labelValues()));
    NDArray chosen = which.toType(DataType.FLOAT32, false); // [P, N, labels]
    NDArray placed = chosen.matMul(manager.create(arePoints(), new Shape(arePoints().length, 1)));
    NDArray places = points.add(manager.create(half())).div(manager.create(sides()));
    return encoding.of(places).mul(placed).add(chosen.matMul(meanings(points)));
  }

  private NDArray meanings(NDArray beside) {
    return Scope.to(beside, NDArrays.concat(new NDList(meanings), 0));
  }

  /** What is added to the embedding where there is no earlier mask, [1, C, 1, 1]. */
  NDArray withoutMask(NDArray beside) {
    return Scope.to(beside, noMask.reshape(1, channels, 1, 1));
  }

  /**
   * What is added where there is one, [P, C, h, w].
   *
   * @param logits [P, 1, 4h, 4w]
   */
  NDArray withMask(NDArray logits, boolean training) {
    return maskPath.forward(logits, training);
  }

  String exportPlaces(OnnxGraph graph) {
    return encoding.export(graph, grid);
  }

  String exportTokens(OnnxGraph graph, String points, String labels) {
    float[] values = labelValues();
    String each = graph.reshape(labels, 0, 0, 1);
    String which =
        graph.node("Equal", List.of(each, graph.constant("labels", values, values.length)));
    String chosen =
        graph.node(
            "Cast",
            List.of(which),
            OnnxAttributes.integer("to", TensorProto.DataType.FLOAT.getNumber()));
    String placed =
        graph.node(
            "MatMul", List.of(chosen, graph.constant("points", arePoints(), values.length, 1)));
    String centred = graph.node("Add", List.of(points, graph.constant("half", half(), 2)));
    String places = graph.node("Div", List.of(centred, graph.constant("sides", sides(), 2)));
    String encoded = graph.node("Mul", List.of(encoding.export(graph, places), placed));
    String meaning =
        graph.node(
            "MatMul",
            List.of(
                chosen,
                graph.tensor(name + ".meanings", meaningValues(), values.length, channels)));
    return graph.node("Add", List.of(encoded, meaning));
  }

  /** Appends what is added to the embedding without a mask, [1, C, 1, 1]. */
  String exportWithoutMask(OnnxGraph graph) {
    return graph.tensor(name + ".no_mask", noMask.toFloatArray(), 1, channels, 1, 1);
  }

  String exportWithMask(OnnxGraph graph, String logits) {
    return maskPath.export(graph, logits);
  }

  /** Padding's label, then those of points. */
  private float[] labelValues() {
    float[] values = new float[meanings.size()];
    values[0] = PromptKinds.PADDING;
    for (int i = 1; i < values.length; i++) {
      values[i] = kinds.labels().get(i - 1);
    }
    return values;
  }

  /** 0 for padding, which has no place, and 1 for points. */
  private float[] arePoints() {
    float[] are = new float[meanings.size()];
    Arrays.fill(are, 1, are.length, 1);
    return are;
  }

  private float[] sides() {
    return new float[] {grid.inputWidth(), grid.inputHeight()};
  }

  /** Half a pixel of the input that the weights were made for, in pixels of this one. */
  private float[] half() {
    PromptInput madeFor = grid.madeFor();
    return new float[] {
      0.5f * grid.inputWidth() / madeFor.width(), 0.5f * grid.inputHeight() / madeFor.height()
    };
  }

  private float[] meaningValues() {
    float[] all = new float[meanings.size() * channels];
    for (int i = 0; i < meanings.size(); i++) {
      System.arraycopy(meanings.get(i).toFloatArray(), 0, all, i * channels, channels);
    }
    return all;
  }
}
