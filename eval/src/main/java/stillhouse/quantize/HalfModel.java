package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stillhouse.tensor.Half;

/**
 * An ONNX student in FP16, strongly typed: every type stands in the file, and Cast nodes where it
 * changes. Inputs and outputs stay FP32, so that the file runs where the FP32 one does. What sums
 * squares or exponentials over many values stays FP32 within: layer normalisation, softmax, global
 * means.
 */
public final class HalfModel {
  private static final Set<String> IN_FLOAT =
      Set.of("LayerNormalization", "Softmax", "GlobalAveragePool", "ReduceMean");

  private final ModelProto model;
  private final GraphIndex index;
  private final Set<String> halves = new HashSet<>(); // values that are FP16 under their own name
  private final Map<String, String> casts = new HashMap<>();
  private final Map<String, TensorProto> constants = new LinkedHashMap<>();
  private final List<NodeProto> nodes = new ArrayList<>();

  private HalfModel(ModelProto model) {
    this.model = model;
    this.index = new GraphIndex(model.getGraph());
  }

  /**
   * @throws IllegalArgumentException where it is no ONNX file, or a value of a tensor is beyond
   *     FP16's range
   */
  public static byte[] of(byte[] model) {
    return new HalfModel(Activations.parse(model)).write().toByteArray();
  }

  private ModelProto write() {
    GraphProto graph = model.getGraph();
    graph.getNodeList().forEach(this::addNode);
    return model.toBuilder()
        .setGraph(
            graph.toBuilder()
                .clearNode()
                .clearInitializer()
                .clearValueInfo()
                .addAllNode(nodes)
                .addAllInitializer(constants.values()))
        .addMetadataProps(
            StringStringEntryProto.newBuilder()
                .setKey(QdqModel.PRECISION)
                .setValue("fp16, inputs and outputs fp32"))
        .build();
  }

  private void addNode(NodeProto original) {
    boolean half = !IN_FLOAT.contains(original.getOpType());
    NodeProto.Builder node = original.toBuilder();
    for (int i = 0; i < node.getInputCount(); i++) {
      if (!node.getInput(i).isEmpty()) {
        boolean sizes = node.getOpType().equals("Resize") && i > 0; // scales are FP32 by definition
        node.setInput(i, read(node.getInput(i), half && !sizes));
      }
    }
    for (int i = 0; half && i < node.getOutputCount(); i++) {
      String output = node.getOutput(i);
      if (index.isOutput(output)) {
        node.setOutput(i, output + ".fp16");
        casts.put(output + " true", output + ".fp16");
      } else {
        halves.add(output);
      }
    }
    nodes.add(node.build());
    for (String output : original.getOutputList()) {
      if (half && index.isOutput(output)) {
        nodes.add(cast(output + ".fp16", output, TensorProto.DataType.FLOAT));
      }
    }
  }

  /** The name under which a value has a type; adds what it takes to have it. */
  private String read(String value, boolean half) {
    if (index.constant(value).isPresent()) {
      return constant(index.constant(value).get(), half);
    }
    if (halves.contains(value) == half) {
      return value;
    }
    String key = value + " " + half;
    if (!casts.containsKey(key)) {
      String name = value + (half ? ".fp16" : ".fp32");
      TensorProto.DataType type = half ? TensorProto.DataType.FLOAT16 : TensorProto.DataType.FLOAT;
      nodes.add(cast(value, name, type));
      casts.put(key, name);
    }
    return casts.get(key);
  }

  private String constant(TensorProto tensor, boolean half) {
    if (!half || !index.isFloatConstant(tensor.getName())) {
      constants.put(tensor.getName(), tensor);
      return tensor.getName();
    }
    String name = tensor.getName() + ".fp16";
    constants.computeIfAbsent(name, n -> halved(n, tensor));
    return name;
  }

  private static TensorProto halved(String name, TensorProto tensor) {
    float[] values = FloatValues.of(tensor);
    for (float value : values) {
      if (Math.abs(value) > Half.MAX) {
        throw new IllegalArgumentException(
            "Cannot write %s in FP16: it holds %s (must be within ±%s)"
                .formatted(tensor.getName(), value, Half.MAX));
      }
    }
    return Constants.raw(
        name, TensorProto.DataType.FLOAT16, tensor.getDimsList(), Half.encode(values));
  }

  private static NodeProto cast(String from, String to, TensorProto.DataType type) {
    return NodeProto.newBuilder()
        .setName(to + ".Cast")
        .setOpType("Cast")
        .addInput(from)
        .addOutput(to)
        .addAttribute(
            AttributeProto.newBuilder()
                .setName("to")
                .setType(AttributeProto.AttributeType.INT)
                .setI(type.getNumber()))
        .build();
  }
}
