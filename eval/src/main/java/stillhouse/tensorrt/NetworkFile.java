package stillhouse.tensorrt;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stillhouse.identity.Sha256;

/**
 * An ONNX file of one image input, read as the file that it is: no runtime is asked, so that a
 * device without one can build its engine.
 *
 * @param input its name
 * @param shape of the input, [N, 3, H, W] with −1 for an axis of any length
 * @param outputs their names, in the file's order
 * @param precision fp32, fp16, int8 (pairs around activations), int8-weight-only
 * @param metadata what the file says of itself
 * @param findings nodes that TensorRT's list does not have
 */
public record NetworkFile(
    Path path,
    Sha256 digest,
    long bytes,
    String input,
    List<Long> shape,
    List<String> outputs,
    String precision,
    Map<String, String> metadata,
    List<OperatorTable.Finding> findings) {
  private static final String HEIGHT = "stillhouse.height";
  private static final String WIDTH = "stillhouse.width";
  private static final long ANY = -1;

  public NetworkFile {
    shape = List.copyOf(shape);
    outputs = List.copyOf(outputs);
    metadata = Map.copyOf(metadata);
    findings = List.copyOf(findings);
  }

  /**
   * @throws IllegalArgumentException where there is no such file, or it is no network of one image
   */
  public static NetworkFile of(Path path) {
    byte[] bytes = read(path);
    ModelProto model = parse(path, bytes);
    GraphProto graph = model.getGraph();
    Map<String, String> metadata =
        model.getMetadataPropsList().stream()
            .collect(
                Collectors.toMap(
                    StringStringEntryProto::getKey,
                    StringStringEntryProto::getValue,
                    (first, second) -> second,
                    TreeMap::new));
    ValueInfoProto input = input(path, graph);
    return new NetworkFile(
        path,
        Sha256.of(bytes),
        bytes.length,
        input.getName(),
        shape(path, input, metadata),
        graph.getOutputList().stream().map(ValueInfoProto::getName).toList(),
        precision(graph),
        metadata,
        OperatorTable.published().check(model));
  }

  private static byte[] read(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new IllegalArgumentException("Cannot read " + path + ": no such file");
    }
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new IllegalArgumentException("Cannot read " + path + ": " + e, e);
    }
  }

  private static ModelProto parse(Path path, byte[] bytes) {
    try {
      ModelProto model = ModelProto.parseFrom(bytes);
      if (model.getGraph().getNodeCount() > 0) {
        return model;
      }
      throw new IllegalArgumentException(
          "Cannot read %s: its %d bytes hold no graph".formatted(path, bytes.length));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(
          "Cannot read %s: its %d bytes are no whole ONNX model (%s)"
              .formatted(path, bytes.length, e.getMessage()),
          e);
    }
  }

  /** Older files list their constants among the inputs. */
  private static ValueInfoProto input(Path path, GraphProto graph) {
    Set<String> constants = new HashSet<>();
    graph.getInitializerList().forEach(tensor -> constants.add(tensor.getName()));
    List<ValueInfoProto> inputs =
        graph.getInputList().stream().filter(i -> !constants.contains(i.getName())).toList();
    if (inputs.size() != 1) {
      throw new IllegalArgumentException(
          "Cannot build an engine of %s: its inputs are %s (must be one image)"
              .formatted(path, inputs.stream().map(ValueInfoProto::getName).toList()));
    }
    return inputs.get(0);
  }

  private static List<Long> shape(Path path, ValueInfoProto input, Map<String, String> metadata) {
    List<Long> shape =
        input.getType().getTensorType().getShape().getDimList().stream()
            .map(dim -> dim.getDimValue() > 0 ? dim.getDimValue() : ANY)
            .toList();
    if (shape.size() != 4 || shape.get(1) != 3) {
      throw new IllegalArgumentException(
          "Cannot build an engine of %s: its input %s is %s (must be [N, 3, H, W])"
              .formatted(path, input.getName(), shape));
    }
    return List.of(
        shape.get(0),
        shape.get(1),
        shape.get(2) == ANY ? pixels(metadata, HEIGHT) : shape.get(2),
        shape.get(3) == ANY ? pixels(metadata, WIDTH) : shape.get(3));
  }

  private static long pixels(Map<String, String> metadata, String key) {
    String value = metadata.getOrDefault(key, "");
    return value.matches("[1-9][0-9]{0,5}") ? Long.parseLong(value) : ANY;
  }

  private static String precision(GraphProto graph) {
    Set<String> constants = new HashSet<>();
    graph.getInitializerList().forEach(tensor -> constants.add(tensor.getName()));
    Collection<NodeProto> nodes = graph.getNodeList();
    if (nodes.stream()
        .anyMatch(
            n -> n.getOpType().equals("QuantizeLinear") && !constants.contains(n.getInput(0)))) {
      return "int8";
    }
    if (nodes.stream().anyMatch(n -> n.getOpType().equals("DequantizeLinear"))) {
      return "int8-weight-only";
    }
    return graph.getInitializerList().stream()
            .anyMatch(tensor -> tensor.getDataType() == DataType.FLOAT16_VALUE)
        ? "fp16"
        : "fp32";
  }

  /** Whether the file leaves no axis of its input open. */
  boolean isFixed() {
    return shape.get(0) != ANY;
  }

  /**
   * The shape that an engine is built for.
   *
   * @throws IllegalArgumentException where the file is of another batch, or says nowhere how large
   *     an image is
   */
  List<Integer> shape(int batch) {
    if (isFixed() && shape.get(0) != batch) {
      throw new IllegalArgumentException(
          "Cannot build an engine of %s for batch %d: its input is %s"
              .formatted(path, batch, shape));
    }
    if (shape.contains(ANY) && shape.lastIndexOf(ANY) > 0) {
      throw new IllegalArgumentException(
          "Cannot build an engine of %s: its input is %s, and its metadata has no %s and %s"
              .formatted(path, shape, HEIGHT, WIDTH));
    }
    return Stream.of((long) batch, shape.get(1), shape.get(2), shape.get(3))
        .map(Math::toIntExact)
        .toList();
  }
}
