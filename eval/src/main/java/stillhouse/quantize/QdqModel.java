package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An ONNX student in INT8, by explicit pairs of QuantizeLinear and DequantizeLinear around every
 * Conv, every MatMul by a constant matrix and what joins them: sums, for ONNX Runtime's CPU kernels
 * poolings and concatenations too. Weights are signed around 0, by the largest magnitude of each
 * output channel. Activations have one range each, from {@link Activations}, spelled for a {@link
 * Target}: signed around 0 for TensorRT, unsigned for ONNX Runtime's CPU kernels. Whatever else the
 * network does stays float, resizes and products of two activations among it.
 */
public final class QdqModel {
  public static final String PRECISION = "stillhouse.precision";
  private static final double MOST_BIAS = 1 << 30; // leaves half of INT32 for the sum itself

  private final ModelProto model;
  private final GraphIndex index;
  private final Placement placement;
  private final QdqOptions options;
  private final Activations activations;
  private final Set<Integer> products = new LinkedHashSet<>();
  private final Set<Integer> rounded;
  private final Set<String> paired;
  private final List<TensorProto> constants = new ArrayList<>();
  private final List<NodeProto> nodes = new ArrayList<>();
  private final Map<String, RoundedWeight> weights = new HashMap<>();
  private final Map<String, ActivationScale> scales = new HashMap<>();

  private QdqModel(ModelProto model, Activations activations, QdqOptions options) {
    this.model = model;
    this.placement = new Placement(model.getGraph());
    this.index = placement.index();
    this.options = options;
    this.activations = activations;
    placement.products().stream()
        .filter(at -> !options.inFloat().contains(index.node(at).getName()))
        .forEach(products::add);
    this.rounded = placement.rounded(products, options.target());
    this.paired = placement.values(rounded, options.target());
  }

  /**
   * @param model an ONNX file of one image input [N, 3, H, W]
   * @param activations of the file, on at least one image; of weights alone on none
   * @return the file in INT8; the same input gives the same bytes
   * @throws IllegalArgumentException where it is no such file, or nothing in it can be quantised
   */
  public static byte[] of(byte[] model, Activations activations, QdqOptions options) {
    ModelProto parsed = Activations.parse(model);
    requireProducts(parsed);
    if (activations.images() == 0 && options.target() != Target.WEIGHTS) {
      throw new IllegalArgumentException("Cannot measure activations: there is no image");
    }
    return new QdqModel(parsed, activations, options).write().toByteArray();
  }

  /**
   * Names of the nodes that INT8 files round the products of, in the graph's order.
   *
   * @see QdqOptions#inFloat()
   */
  public static List<String> products(byte[] model) {
    Placement placement = new Placement(Activations.parse(model).getGraph());
    return placement.products().stream().map(at -> placement.index().node(at).getName()).toList();
  }

  static void requireProducts(ModelProto model) {
    if (new Placement(model.getGraph()).products().isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot quantise '%s': it has no Conv and no MatMul by a constant"
              .formatted(model.getGraph().getName()));
    }
  }

  private ModelProto write() {
    GraphProto graph = model.getGraph();
    graph.getInputList().forEach(input -> pair(input.getName(), input.getName()));
    for (int i = 0; i < graph.getNodeCount(); i++) {
      addNode(i);
    }
    Map<String, TensorProto> floats = new LinkedHashMap<>();
    graph.getInitializerList().forEach(tensor -> floats.put(tensor.getName(), tensor));
    Set<String> read = new LinkedHashSet<>();
    nodes.forEach(node -> read.addAll(node.getInputList()));
    graph.getOutputList().forEach(output -> read.add(output.getName()));
    floats.keySet().retainAll(read);
    return model.toBuilder()
        .setGraph(
            graph.toBuilder()
                .clearNode()
                .clearInitializer()
                .addAllNode(nodes)
                .addAllInitializer(floats.values())
                .addAllInitializer(constants))
        .addMetadataProps(
            StringStringEntryProto.newBuilder().setKey(PRECISION).setValue(precision()))
        .build();
  }

  private String precision() {
    String left =
        options.inFloat().isEmpty() ? "" : ", in float: " + String.join(" ", options.sorted());
    return switch (options.target()) {
          case WEIGHTS -> "int8 weights, float activations";
          case TENSORRT -> "int8 qdq, signed activations" + calibrated();
          case CPU -> "int8 qdq, unsigned activations" + calibrated();
        }
        + left;
  }

  private String calibrated() {
    return ", %s on %d images".formatted(options.calibration().word(), activations.images());
  }

  private void addNode(int at) {
    NodeProto.Builder node = index.node(at).toBuilder();
    if (products.contains(at)) {
      roundWeight(node);
    }
    if (options.target() == Target.CPU || rounded.contains(at)) {
      for (int i = 0; i < node.getInputCount(); i++) {
        if (paired.contains(node.getInput(i))) {
          node.setInput(i, read(node.getInput(i)));
        }
      }
    }
    List<String> outputs = List.copyOf(node.getOutputList());
    for (int i = 0; i < outputs.size(); i++) {
      if (isCut(outputs.get(i))) {
        node.setOutput(i, outputs.get(i) + ".float");
      }
    }
    nodes.add(node.build());
    outputs.forEach(output -> pair(output, isCut(output) ? output + ".float" : output));
  }

  /** An output of the file that its pair writes, so that its node is rounded like the others. */
  private boolean isCut(String value) {
    return options.target() == Target.CPU && paired.contains(value) && index.isOutput(value);
  }

  /** The name under which readers find a value after its pair. */
  private String read(String value) {
    return isCut(value) ? value : value + ".rounded";
  }

  private void pair(String value, String from) {
    if (!paired.contains(value)) {
      return;
    }
    ActivationScale scale = scale(value);
    String scaleName = value + ".scale";
    String zero = value + ".zero";
    constants.add(Constants.scalar(scaleName, scale.scale()));
    constants.add(Constants.zero(zero, scale.type(), scale.zero()));
    nodes.add(Constants.quantise(from, scaleName, zero, value + ".int8").build());
    nodes.add(Constants.dequantise(value + ".int8", scaleName, zero, read(value)).build());
  }

  private ActivationScale scale(String value) {
    return scales.computeIfAbsent(
        value,
        v -> {
          String ranged = options.target() == Target.CPU ? placement.ranged(v, rounded) : v;
          return ActivationScale.of(
              activations.range(ranged, options.calibration()), options.target());
        });
  }

  /** Puts the weight's INT8 form in its place, and on CPUs the bias's INT32 form. */
  private void roundWeight(NodeProto.Builder node) {
    boolean bias =
        options.target() == Target.CPU
            && node.getInputCount() == 3
            && index.isFloatConstant(node.getInput(2));
    String weight = node.getInput(1);
    String stem = bias ? node.getInput(2) + ".of." + weight : weight;
    TensorProto floats = index.constant(weight).orElseThrow();
    int axis = Placement.axis(node.build());
    if (bias) {
      float[] biases = FloatValues.of(index.constant(node.getInput(2)).orElseThrow());
      float input = scale(node.getInput(0)).scale();
      float[] least = new float[biases.length];
      for (int c = 0; c < least.length; c++) {
        least[c] = (float) (Math.abs(biases[c]) / (input * MOST_BIAS));
      }
      String name = weight + "." + node.getName();
      RoundedWeight each = RoundedWeight.of(floats, axis, least);
      addWeight(name, each, axis);
      node.setInput(1, name + ".rounded");
      node.setInput(2, addBias(name + ".bias", biases, each, input));
    } else {
      if (!weights.containsKey(stem)) {
        weights.put(stem, RoundedWeight.of(floats, axis));
        addWeight(weight, weights.get(stem), axis);
      }
      node.setInput(1, weight + ".rounded");
    }
  }

  private void addWeight(String name, RoundedWeight weight, int axis) {
    constants.add(weight.values(name + ".int8"));
    constants.add(weight.scales(name + ".scale"));
    constants.add(Constants.zeros(name + ".zero", TensorProto.DataType.INT8, weight.channels()));
    nodes.add(
        Constants.dequantise(name + ".int8", name + ".scale", name + ".zero", name + ".rounded")
            .addAttribute(Constants.axis(axis))
            .build());
  }

  /** In steps of the input's scale by the channel's: what INT32 sums of products are in. */
  private String addBias(String name, float[] biases, RoundedWeight weight, float input) {
    float[] steps = new float[biases.length];
    int[] values = new int[biases.length];
    for (int c = 0; c < steps.length; c++) {
      steps[c] = Math.max(input * weight.scale(c), Float.MIN_NORMAL);
      values[c] = (int) Math.rint(biases[c] / (double) steps[c]);
    }
    constants.add(Constants.ints(name + ".int32", values));
    constants.add(Constants.floats(name + ".scale", List.of((long) steps.length), steps));
    constants.add(Constants.zeros(name + ".zero", TensorProto.DataType.INT32, steps.length));
    nodes.add(
        Constants.dequantise(name + ".int32", name + ".scale", name + ".zero", name + ".rounded")
            .addAttribute(Constants.axis(0))
            .build());
    return name + ".rounded";
  }
}
