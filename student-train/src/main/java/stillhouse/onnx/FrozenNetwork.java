package stillhouse.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

/**
 * The part of an ONNX file's network that leads to some of its layers, computed in the training
 * engine: its tensors are frozen, gradients pass through it to what it is given. Operators are
 * {@link FrozenOperator}'s; what leads to no layer asked for, as a classifier, may be of any.
 */
public final class FrozenNetwork {
  private static final int SOME = 40; // names in a message

  private final String input;
  private final List<Step> steps;
  private final Map<String, NDArray> constants;
  private final List<String> values; // of the layers, in the order asked for

  private FrozenNetwork(
      String input, List<Step> steps, Map<String, NDArray> constants, List<String> values) {
    this.input = input;
    this.steps = steps;
    this.constants = constants;
    this.values = values;
  }

  /** A node, ready to be computed. */
  private record Step(List<String> inputs, String output, FrozenOperator.Function function) {}

  /**
   * Refuses a file that {@link #open} would, or that sees another number of channels; makes
   * nothing.
   *
   * @throws ConfigException naming the file, what does not fit and what would
   */
  public static void require(Path file, Sha256 sha256, List<String> layers, int channels) {
    GraphProto graph = read(file, sha256);
    String input = input(file, graph);
    long seen = channels(graph, input);
    if (seen != 0 && seen != channels) {
      throw new ConfigException(
          "Invalid network %s: its input %s has %d channels (must be %d)"
              .formatted(file, input, seen, channels));
    }
    Set<String> constant = new HashSet<>();
    graph.getInitializerList().forEach(t -> constant.add(t.getName()));
    for (NodeProto node : needed(graph, values(file, graph, layers))) {
      FrozenOperator.require(file, node, constant);
    }
  }

  /**
   * Reads a file.
   *
   * @param layers names of values or of nodes
   * @param manager owns its tensors
   * @throws ConfigException where it is another file than its digest says, is no ONNX network of
   *     one input, lacks a layer, or has an operator on the way to one that is not known here
   */
  public static FrozenNetwork open(
      Path file, Sha256 sha256, List<String> layers, NDManager manager) {
    GraphProto graph = read(file, sha256);
    List<String> values = values(file, graph, layers);
    List<NodeProto> nodes = needed(graph, values);
    Map<String, NDArray> constants = constants(file, graph, nodes, manager);
    List<Step> steps = new ArrayList<>();
    for (NodeProto node : nodes) {
      steps.add(
          new Step(
              node.getInputList(),
              node.getOutput(0),
              FrozenOperator.of(file, node, constants.keySet())));
    }
    return new FrozenNetwork(input(file, graph), steps, constants, values);
  }

  /**
   * What the layers give, in the order asked for.
   *
   * @param image the network's input, [B, C, h, w]; whatever is made of it belongs to its manager
   */
  public List<NDArray> activations(NDArray image) {
    Map<String, NDArray> known = new HashMap<>(constants);
    known.put(input, image);
    for (Step step : steps) {
      List<NDArray> inputs = step.inputs().stream().map(known::get).toList();
      NDArray made = step.function().of(inputs);
      if (inputs.stream()
          .noneMatch(in -> in == made)) { // a result is its first operand's manager's
        made.attach(image.getManager());
      }
      known.put(step.output(), made);
    }
    return values.stream().map(known::get).toList();
  }

  private static GraphProto read(Path file, Sha256 sha256) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new ConfigException(
          "Cannot read network %s: %s (it must be a file that every executor has)"
              .formatted(file, e.getMessage()),
          e);
    }
    Sha256 actual = Sha256.of(bytes);
    if (!actual.equals(sha256)) {
      throw new ConfigException(
          "Cannot use network %s: its SHA-256 is %s, the recipe says %s. Take the file that was meant, or correct sha256."
              .formatted(file, actual, sha256));
    }
    try {
      return withoutConstantNodes(ModelProto.parseFrom(bytes).getGraph());
    } catch (InvalidProtocolBufferException e) {
      throw new ConfigException(
          "Invalid network %s: it is no ONNX model (%s)".formatted(file, e.getMessage()), e);
    }
  }

  /** What a node says that holds a tensor and nothing else, an initialiser says, too. */
  private static GraphProto withoutConstantNodes(GraphProto graph) {
    GraphProto.Builder plain = graph.toBuilder().clearNode();
    for (NodeProto node : graph.getNodeList()) {
      var value = node.getAttributeList().stream().filter(a -> a.hasT()).findFirst();
      if (node.getOpType().equals("Constant") && value.isPresent()) {
        plain.addInitializer(value.get().getT().toBuilder().setName(node.getOutput(0)));
      } else {
        plain.addNode(node);
      }
    }
    return plain.build();
  }

  private static String input(Path file, GraphProto graph) {
    Set<String> constant = new HashSet<>();
    graph.getInitializerList().forEach(t -> constant.add(t.getName()));
    List<String> inputs =
        graph.getInputList().stream()
            .map(i -> i.getName())
            .filter(name -> !constant.contains(name))
            .toList();
    if (inputs.size() != 1) {
      throw new ConfigException(
          "Invalid network %s: its inputs are %s (must be one, an image)".formatted(file, inputs));
    }
    return inputs.get(0);
  }

  /** 0 where the file does not say. */
  private static long channels(GraphProto graph, String input) {
    var shape =
        graph.getInputList().stream()
            .filter(i -> i.getName().equals(input))
            .findFirst()
            .orElseThrow()
            .getType()
            .getTensorType()
            .getShape();
    return shape.getDimCount() < 2 ? 0 : shape.getDim(1).getDimValue();
  }

  /** The value that each layer is, whether it was named by that or by its node. */
  private static List<String> values(Path file, GraphProto graph, List<String> layers) {
    Map<String, String> byName = new HashMap<>();
    for (NodeProto node : graph.getNodeList()) {
      if (!node.getName().isEmpty() && node.getOutputCount() > 0) {
        byName.put(node.getName(), node.getOutput(0));
      }
    }
    graph.getNodeList().forEach(n -> n.getOutputList().forEach(o -> byName.put(o, o)));
    List<String> values = new ArrayList<>();
    for (String layer : layers) {
      if (!byName.containsKey(layer)) {
        List<String> outputs =
            graph.getNodeList().stream().limit(SOME).map(n -> n.getOutput(0)).toList();
        throw new ConfigException(
            "Invalid layers of network %s: it has no %s (its first values are %s)"
                .formatted(file, layer, outputs));
      }
      values.add(byName.get(layer));
    }
    return values;
  }

  /** The nodes that lead to the values, in the file's order, which ONNX has sorted. */
  private static List<NodeProto> needed(GraphProto graph, List<String> values) {
    Set<String> wanted = new HashSet<>(values);
    List<NodeProto> needed = new ArrayList<>();
    for (int i = graph.getNodeCount() - 1; i >= 0; i--) {
      NodeProto node = graph.getNode(i);
      if (node.getOutputList().stream().anyMatch(wanted::contains)) {
        wanted.addAll(node.getInputList());
        needed.add(0, node);
      }
    }
    return needed;
  }

  private static Map<String, NDArray> constants(
      Path file, GraphProto graph, List<NodeProto> nodes, NDManager manager) {
    Set<String> read = new HashSet<>();
    nodes.forEach(node -> read.addAll(node.getInputList()));
    Map<String, NDArray> constants = new HashMap<>();
    for (TensorProto tensor : graph.getInitializerList()) {
      if (read.contains(tensor.getName())) {
        long[] shape = tensor.getDimsList().stream().mapToLong(d -> d).toArray();
        constants.put(
            tensor.getName(), manager.create(OnnxTensors.floats(file, tensor), new Shape(shape)));
      }
    }
    return constants;
  }
}
