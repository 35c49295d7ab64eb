package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * An ONNX student in INT8, by explicit pairs of QuantizeLinear and DequantizeLinear: the input and
 * the weight of every Conv and of every MatMul by a constant matrix. All is symmetric (zero point
 * 0), as TensorRT takes it: a weight by the largest magnitude of each output channel, an activation
 * by the largest that it has on the calibration images. Whatever else the network does stays float,
 * products of two activations among it.
 *
 * <p>Such ranges are the plainest there are: percentiles, entropy and layers left in float may do
 * better. What the file scores is a floor of what INT8 can be.
 */
public final class QdqModel {
  public static final String PRECISION = "stillhouse.precision";

  private final ModelProto model;
  private final List<Operand> operands;
  private final List<TensorProto> constants = new ArrayList<>();
  private final List<NodeProto> weightNodes = new ArrayList<>();
  private final Map<String, String> renamed = new HashMap<>();

  private QdqModel(ModelProto model) {
    this.model = model;
    this.operands = Operand.of(model.getGraph());
  }

  /**
   * @param model an ONNX file of one image input [N, 3, H, W]
   * @param images RGB in 0…1, each [3, H, W], that activations' ranges are measured on; at least
   *     one
   * @return the file in INT8; the same input gives the same bytes
   * @throws IllegalArgumentException where it is no such file, or nothing in it can be quantised
   */
  public static byte[] of(byte[] model, List<float[]> images) {
    try {
      return new QdqModel(ModelProto.parseFrom(model)).quantise(images).toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(
          "Cannot quantise a file of %d bytes: it is no ONNX model (%s)"
              .formatted(model.length, e.getMessage()),
          e);
    }
  }

  private ModelProto quantise(List<float[]> images) {
    GraphProto graph = model.getGraph();
    if (operands.isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot quantise '%s': it has no Conv and no MatMul by a constant"
              .formatted(graph.getName()));
    }
    Set<String> activations =
        operands.stream()
            .map(Operand::activation)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    Map<String, Float> peaks = ActivationPeaks.of(model, activations, images);
    Map<String, TensorProto> floats = new LinkedHashMap<>();
    graph.getInitializerList().forEach(tensor -> floats.put(tensor.getName(), tensor));
    operands.forEach(operand -> roundWeight(floats, operand));
    floats.keySet().removeAll(onlyRounded());
    GraphProto.Builder whole =
        graph.toBuilder().clearNode().clearInitializer().addAllNode(weightNodes);
    addNodes(whole, peaks);
    whole.addAllInitializer(floats.values()).addAllInitializer(constants);
    return model.toBuilder()
        .setGraph(whole)
        .addMetadataProps(
            StringStringEntryProto.newBuilder()
                .setKey(PRECISION)
                .setValue("int8 qdq, largest magnitudes on " + images.size() + " images"))
        .build();
  }

  /** Puts the weight's INT8 form in its place; one that several nodes share, once. */
  private void roundWeight(Map<String, TensorProto> floats, Operand operand) {
    String name = operand.weight();
    if (renamed.containsKey(name)) {
      return;
    }
    TensorProto weight = floats.get(name);
    RoundedWeight rounded = RoundedWeight.of(weight, operand.axis());
    constants.add(rounded.values(name + ".int8"));
    constants.add(rounded.scales(name + ".scale"));
    constants.add(Constants.zeros(name + ".zero", rounded.channels()));
    weightNodes.add(
        Constants.dequantise(name + ".int8", name + ".scale", name + ".zero", name + ".rounded")
            .addAttribute(Constants.axis(operand.axis()))
            .build());
    renamed.put(name, name + ".rounded");
  }

  /** Weights that nothing but operands reads: their floats go. */
  private Set<String> onlyRounded() {
    Set<String> rounded = new LinkedHashSet<>(renamed.keySet());
    Map<Integer, Operand> byNode =
        operands.stream().collect(Collectors.toMap(Operand::node, operand -> operand));
    List<NodeProto> nodes = model.getGraph().getNodeList();
    for (int i = 0; i < nodes.size(); i++) {
      List<String> inputs = new ArrayList<>(nodes.get(i).getInputList());
      if (byNode.containsKey(i)) {
        inputs.remove(1);
      }
      rounded.removeAll(inputs);
    }
    model.getGraph().getOutputList().forEach(output -> rounded.remove(output.getName()));
    return rounded;
  }

  private void addNodes(GraphProto.Builder whole, Map<String, Float> peaks) {
    Map<Integer, Operand> byNode =
        operands.stream().collect(Collectors.toMap(Operand::node, operand -> operand));
    Set<String> done = new LinkedHashSet<>();
    List<NodeProto> nodes = model.getGraph().getNodeList();
    for (int i = 0; i < nodes.size(); i++) {
      Operand operand = byNode.get(i);
      if (operand == null) {
        whole.addNode(nodes.get(i));
        continue;
      }
      String value = operand.activation();
      if (done.add(value)) {
        addPair(whole, value, scale(peaks.get(value)));
      }
      whole.addNode(
          nodes.get(i).toBuilder()
              .setInput(0, value + ".rounded")
              .setInput(1, renamed.get(operand.weight())));
    }
  }

  /** One that is nowhere but 0 gets 1: a scale whose reciprocal a runtime can form. */
  private static float scale(float peak) {
    return peak == 0 ? 1 : Math.max(peak / RoundedWeight.MOST, Float.MIN_NORMAL);
  }

  private void addPair(GraphProto.Builder whole, String value, float scale) {
    String scaleName = value + ".scale";
    String zero = value + ".zero";
    constants.add(Constants.scalar(scaleName, scale));
    constants.add(Constants.zero(zero));
    whole.addNode(Constants.quantise(value, scaleName, zero, value + ".int8"));
    whole.addNode(Constants.dequantise(value + ".int8", scaleName, zero, value + ".rounded"));
  }
}
