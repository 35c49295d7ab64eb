package stillhouse.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An ONNX graph under construction. Values are known by their names; every tensor's first axis is
 * the batch, dynamic and called {@code N}. Initialisers are stored as raw little-endian data.
 */
public final class OnnxGraph {
  /** LayerNormalization came with 17 and Gelu with 20. */
  public static final int OPSET = 20;

  /** The IR version that came with opset 20 (ONNX 1.15). */
  static final int IR_VERSION = 9;

  static final String BATCH = "N";

  private final GraphProto.Builder graph;
  private final List<NodeProto.Builder> nodes = new ArrayList<>();
  private final Set<String> known = new HashSet<>();
  private final Map<String, String> renamed = new HashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();

  public OnnxGraph(String name) {
    graph = GraphProto.newBuilder().setName(name);
  }

  /**
   * Declares the float input {@code name}, [N, rest…].
   *
   * @return the name
   */
  public String input(String name, long... rest) {
    define(name);
    graph.addInput(value(name, rest));
    return name;
  }

  /**
   * Declares the float input {@code name}.
   *
   * @param axes a size each, or a name of one that may vary
   * @return the name
   */
  public String input(String name, List<String> axes) {
    define(name);
    graph.addInput(value(name, axes));
    return name;
  }

  /** Declares {@code value} an output called {@code name}, [N, rest…]. */
  public void output(String value, String name, long... rest) {
    requireKnown(value);
    String earlier = renamed.putIfAbsent(value, name);
    if (earlier != null) {
      throw new IllegalStateException(
          "Cannot call "
              + value
              + " output '"
              + name
              + "': it is output '"
              + earlier
              + "' already");
    }
    define(name);
    graph.addOutput(value(name, rest));
  }

  /** Adds a float initialiser under a name of its own. */
  public String tensor(String name, float[] values, long... shape) {
    ByteBuffer raw =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    return initialiser(name, TensorProto.DataType.FLOAT, raw, values.length, shape);
  }

  /** Adds a float initialiser whose name starts with {@code stem}. */
  public String constant(String stem, float[] values, long... shape) {
    return tensor(fresh(stem), values, shape);
  }

  /**
   * Adds a one-dimensional int64 initialiser: a shape, a list of axes; its name starts with {@code
   * stem}.
   */
  public String indices(String stem, long... values) {
    String unique = fresh(stem);
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    raw.asLongBuffer().put(values);
    return initialiser(unique, TensorProto.DataType.INT64, raw, values.length, values.length);
  }

  /**
   * Appends a node with one output. An empty input name is an optional input left out.
   *
   * @return the output's name
   */
  public String node(String operator, List<String> inputs, AttributeProto... attributes) {
    return nodes(operator, inputs, 1, attributes).get(0);
  }

  /** Appends a node with {@code outputs} outputs. */
  public List<String> nodes(
      String operator, List<String> inputs, int outputs, AttributeProto... attributes) {
    inputs.stream().filter(i -> !i.isEmpty()).forEach(this::requireKnown);
    String name = fresh(operator);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < outputs; i++) {
      String output = name + (outputs == 1 ? ".out" : ".out" + i);
      define(output);
      names.add(output);
    }
    nodes.add(
        NodeProto.newBuilder()
            .setName(name)
            .setOpType(operator)
            .addAllInput(inputs)
            .addAllOutput(names)
            .addAllAttribute(Arrays.asList(attributes)));
    return names;
  }

  /**
   * Appends a finished model's nodes and initialisers, their names behind {@code prefix}.
   *
   * @param inputs the value that takes the place of each of its inputs
   * @return the values of its outputs by their names
   * @throws IllegalArgumentException where an input is not given a value, or the model is of
   *     another operator set than {@value #OPSET}
   */
  public Map<String, String> embed(ModelProto model, String prefix, Map<String, String> inputs) {
    GraphProto part = model.getGraph();
    boolean plain =
        model.getOpsetImportList().stream()
            .allMatch(set -> set.getDomain().isEmpty() && set.getVersion() == OPSET);
    if (!plain) {
      throw new IllegalArgumentException(
          "Cannot embed '%s': it is of operator sets %s (must be %d of ONNX alone)"
              .formatted(part.getName(), model.getOpsetImportList(), OPSET));
    }
    Map<String, String> names = new HashMap<>(Map.of("", "")); // an optional input left out
    for (ValueInfoProto input : part.getInputList()) {
      String value = inputs.get(input.getName());
      if (value == null) {
        throw new IllegalArgumentException(
            "Cannot embed '%s': nothing is given for its input '%s' (given are %s)"
                .formatted(part.getName(), input.getName(), inputs.keySet()));
      }
      requireKnown(value);
      names.put(input.getName(), value);
    }
    for (TensorProto tensor : part.getInitializerList()) {
      define(prefix + tensor.getName());
      names.put(tensor.getName(), prefix + tensor.getName());
      graph.addInitializer(tensor.toBuilder().setName(prefix + tensor.getName()));
    }
    for (NodeProto node : part.getNodeList()) {
      NodeProto.Builder own = node.toBuilder().setName(prefix + node.getName());
      for (int i = 0; i < node.getInputCount(); i++) {
        own.setInput(i, names.get(node.getInput(i)));
      }
      for (int i = 0; i < node.getOutputCount(); i++) {
        if (node.getOutput(i).isEmpty()) {
          continue; // an optional output that is not asked for
        }
        define(prefix + node.getOutput(i));
        names.put(node.getOutput(i), prefix + node.getOutput(i));
        own.setOutput(i, prefix + node.getOutput(i));
      }
      nodes.add(own);
    }
    Map<String, String> outputs = new HashMap<>();
    part.getOutputList()
        .forEach(output -> outputs.put(output.getName(), names.get(output.getName())));
    return outputs;
  }

  /** Changes the shape of {@code value}; 0 keeps an axis, −1 is what is left. */
  public String reshape(String value, long... shape) {
    return node("Reshape", List.of(value, indices("shape", shape)));
  }

  public String transpose(String value, long... order) {
    return node("Transpose", List.of(value), OnnxAttributes.ints("perm", order));
  }

  /** The model, with {@code metadata} as its metadata_props in the map's order. */
  public ModelProto build(Map<String, String> metadata) {
    GraphProto.Builder whole = graph.clone();
    for (NodeProto.Builder node : nodes) {
      NodeProto.Builder named = node.clone();
      for (int i = 0; i < named.getInputCount(); i++) {
        named.setInput(i, renamed.getOrDefault(named.getInput(i), named.getInput(i)));
      }
      for (int i = 0; i < named.getOutputCount(); i++) {
        named.setOutput(i, renamed.getOrDefault(named.getOutput(i), named.getOutput(i)));
      }
      whole.addNode(named);
    }
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(IR_VERSION)
            .setProducerName("stillhouse")
            .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
            .setGraph(whole);
    metadata.forEach(
        (key, value) ->
            model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return model.build();
  }

  private String initialiser(
      String name, TensorProto.DataType type, ByteBuffer raw, int count, long... shape) {
    long size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (size != count) {
      throw new IllegalArgumentException(
          "Invalid initialiser '"
              + name
              + "': shape "
              + Arrays.toString(shape)
              + " holds "
              + size
              + ", data "
              + count);
    }
    define(name);
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(type.getNumber())
            .addAllDims(Arrays.stream(shape).boxed().toList())
            .setRawData(ByteString.copyFrom(raw)));
    return name;
  }

  private static ValueInfoProto value(String name, long... rest) {
    List<String> axes = new ArrayList<>(List.of(BATCH));
    for (long d : rest) {
      axes.add(Long.toString(d));
    }
    return value(name, axes);
  }

  private static ValueInfoProto value(String name, List<String> axes) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (String axis : axes) {
      if (Character.isDigit(axis.charAt(0))) {
        shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(Long.parseLong(axis)));
      } else {
        shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(axis));
      }
    }
    ValueInfoProto.Builder value = ValueInfoProto.newBuilder().setName(name);
    value
        .getTypeBuilder()
        .getTensorTypeBuilder()
        .setElemType(TensorProto.DataType.FLOAT.getNumber())
        .setShape(shape);
    return value.build();
  }

  private String fresh(String stem) {
    return stem + "_" + counts.merge(stem, 1, Integer::sum);
  }

  private void define(String name) {
    if (!known.add(name)) {
      throw new IllegalArgumentException("Two values of the graph are named '" + name + "'");
    }
  }

  private void requireKnown(String name) {
    if (!known.contains(name)) {
      throw new IllegalArgumentException("No value '" + name + "' in the graph");
    }
  }
}
