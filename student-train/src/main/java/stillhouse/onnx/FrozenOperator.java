package stillhouse.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import stillhouse.conf.ConfigException;

/**
 * ONNX operators of convolutional networks in the training engine, each as ONNX 1.15 says it in
 * inference, on maps [B, C, h, w]. Attributes are read once; what is not said here is refused. What
 * changes nothing gives its input itself: the engine's {@code duplicate} carries no gradient.
 */
final class FrozenOperator {
  /** A node's output of its inputs, in order. */
  @FunctionalInterface
  interface Function {
    NDArray of(List<NDArray> inputs);
  }

  /** Reads a node's attributes. */
  @FunctionalInterface
  private interface Reader {
    Function of(FrozenOperator node);
  }

  private static final Map<String, Reader> KNOWN =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("Add", n -> in -> in.get(0).add(in.get(1))),
              Map.entry("AveragePool", FrozenOperator::averagePool),
              Map.entry("BatchNormalization", FrozenOperator::batchNormalization),
              Map.entry("Concat", FrozenOperator::concat),
              Map.entry("Conv", FrozenOperator::convolution),
              Map.entry("Div", n -> in -> in.get(0).div(in.get(1))),
              Map.entry("Dropout", n -> in -> in.get(0)),
              Map.entry("GlobalAveragePool", n -> in -> mean(in.get(0))),
              Map.entry("Identity", n -> in -> in.get(0)),
              Map.entry("MaxPool", FrozenOperator::maxPool),
              Map.entry("Mul", n -> in -> in.get(0).mul(in.get(1))),
              Map.entry("Relu", n -> in -> Activation.relu(in.get(0))),
              Map.entry("Sigmoid", n -> in -> Activation.sigmoid(in.get(0))),
              Map.entry("Sub", n -> in -> in.get(0).sub(in.get(1))),
              Map.entry("Tanh", n -> in -> in.get(0).tanh())));

  private final Path file;
  private final NodeProto node;
  private final Map<String, AttributeProto> attributes = new HashMap<>();

  private FrozenOperator(Path file, NodeProto node) {
    this.file = file;
    this.node = node;
    node.getAttributeList().forEach(a -> attributes.put(a.getName(), a));
  }

  /**
   * @param constant names of the network's tensors
   * @throws ConfigException naming the node and what is known
   */
  static Function of(Path file, NodeProto node, Set<String> constant) {
    require(file, node, constant);
    return KNOWN.get(node.getOpType()).of(new FrozenOperator(file, node));
  }

  /**
   * @param constant names of the network's tensors
   * @throws ConfigException as {@link #of}
   */
  static void require(Path file, NodeProto node, Set<String> constant) {
    FrozenOperator own = new FrozenOperator(file, node);
    Reader reader = KNOWN.get(node.getOpType());
    if (reader == null || !node.getDomain().isEmpty()) {
      throw own.invalid(
          "operator " + node.getOpType() + " is not known", "one of " + KNOWN.keySet());
    }
    int first =
        List.of("Conv", "BatchNormalization").contains(node.getOpType()) ? 1 : Integer.MAX_VALUE;
    for (int i = first; i < node.getInputCount(); i++) {
      if (!constant.contains(node.getInput(i))) {
        throw own.invalid("its input " + node.getInput(i) + " is computed", "a tensor of the file");
      }
    }
    reader.of(own);
  }

  private ConfigException invalid(String problem, String rule) {
    return new ConfigException(
        "Invalid network %s: node %s (%s): %s (must be %s)"
            .formatted(file, node.getName(), node.getOutput(0), problem, rule));
  }

  private Function convolution() {
    requireExplicit();
    Shape stride = shape("strides", 1);
    Shape padding = padding();
    Shape dilation = shape("dilations", 1);
    int groups = (int) integer("group", 1);
    return in ->
        Conv2d.conv2d(
                in.get(0),
                in.get(1),
                in.size() > 2 ? in.get(2) : null,
                stride,
                padding,
                dilation,
                groups)
            .singletonOrThrow();
  }

  private Function maxPool() {
    requireExplicit();
    Shape kernel = shape("kernel_shape", 0);
    Shape stride = shape("strides", 1);
    Shape padding = padding();
    boolean ceil = integer("ceil_mode", 0) != 0;
    if (!shape("dilations", 1).equals(new Shape(1, 1))) {
      throw invalid("dilations " + shape("dilations", 1), "(1, 1)");
    }
    return in -> Pool.maxPool2d(in.get(0), kernel, stride, padding, ceil);
  }

  private Function averagePool() {
    requireExplicit();
    Shape kernel = shape("kernel_shape", 0);
    Shape stride = shape("strides", 1);
    Shape padding = padding();
    boolean ceil = integer("ceil_mode", 0) != 0;
    boolean counted = integer("count_include_pad", 0) != 0;
    boolean inside = counted || padding.equals(new Shape(0, 0));
    return in -> {
      NDArray x = in.get(0);
      NDArray mean = Pool.avgPool2d(x, kernel, stride, padding, ceil, true);
      if (inside) {
        return mean;
      }
      // The engine counts zeros of the padding whatever it is told; ones say how many there were.
      NDArray ones = x.getManager().ones(new Shape(1, 1, x.getShape().get(2), x.getShape().get(3)));
      return mean.div(Pool.avgPool2d(ones, kernel, stride, padding, ceil, true));
    };
  }

  private Function batchNormalization() {
    float epsilon = real("epsilon", 1e-5f);
    return in ->
        BatchNorm.batchNorm(
                in.get(0), in.get(3), in.get(4), in.get(1), in.get(2), 1, 0, epsilon, false)
            .singletonOrThrow();
  }

  private Function concat() {
    long axis = integer("axis", 1);
    if (axis != 1) {
      throw invalid("axis " + axis, "1, the channels");
    }
    return in -> NDArrays.concat(new NDList(in), 1);
  }

  private static NDArray mean(NDArray x) {
    return x.mean(new int[] {2}, true).mean(new int[] {3}, true);
  }

  private void requireExplicit() {
    AttributeProto pad = attributes.get("auto_pad");
    String how = pad == null ? "NOTSET" : pad.getS().toStringUtf8();
    if (!how.equals("NOTSET")) {
      throw invalid("auto_pad " + how, "NOTSET, with pads");
    }
  }

  private Shape padding() {
    long[] pads = longs("pads", 0, 0, 0, 0);
    if (pads.length != 4 || pads[0] != pads[2] || pads[1] != pads[3]) {
      throw invalid("pads " + Arrays.toString(pads), "of two dimensions, equal on both sides");
    }
    return new Shape(pads[0], pads[1]);
  }

  /** Of two dimensions. */
  private Shape shape(String name, long otherwise) {
    long[] values = longs(name, otherwise, otherwise);
    if (values.length != 2 || Arrays.stream(values).anyMatch(v -> v < 1)) {
      throw invalid(name + " " + Arrays.toString(values), "of two dimensions, each >= 1");
    }
    return new Shape(values);
  }

  private long[] longs(String name, long... otherwise) {
    AttributeProto attribute = attributes.get(name);
    return attribute == null
        ? otherwise
        : attribute.getIntsList().stream().mapToLong(v -> v).toArray();
  }

  private long integer(String name, long otherwise) {
    return attributes.containsKey(name) ? attributes.get(name).getI() : otherwise;
  }

  private float real(String name, float otherwise) {
    return attributes.containsKey(name) ? attributes.get(name).getF() : otherwise;
  }
}
