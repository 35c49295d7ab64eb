package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Which nodes and values of a graph are rounded. */
final class Placement {
  /** Nodes that round well between rounded ones and cost a runtime less than leaving INT8 would. */
  private static final Set<String> GLUE = Set.of("Add", "MaxPool", "Concat");

  /** Glue whose kernel takes and gives the same scale. */
  private static final String SAME_RANGE = "MaxPool";

  private final GraphIndex index;

  Placement(GraphProto graph) {
    this.index = new GraphIndex(graph);
  }

  GraphIndex index() {
    return index;
  }

  /** Convolutions and products by a constant matrix, by their place in the graph. */
  List<Integer> products() {
    return IntStream.range(0, index.graph().getNodeCount())
        .filter(i -> isProduct(index.node(i)))
        .boxed()
        .toList();
  }

  private boolean isProduct(NodeProto node) {
    boolean conv = node.getOpType().equals("Conv");
    if (!conv && !node.getOpType().equals("MatMul")) {
      return false;
    }
    String weight = node.getInput(1);
    return index.isFloatConstant(weight)
        && index.constant(weight).orElseThrow().getDimsCount() == (conv ? 4 : 2)
        && index.constant(node.getInput(0)).isEmpty();
  }

  /** Products and what joins them, all of whose neighbours are rounded. */
  Set<Integer> rounded(Set<Integer> products, Target target) {
    Set<Integer> rounded = new TreeSet<>(products);
    if (target == Target.WEIGHTS) {
      return rounded;
    }
    Set<Integer> glue = new TreeSet<>();
    for (int i = 0; i < index.graph().getNodeCount(); i++) {
      if (isGlue(index.node(i))) {
        glue.add(i);
      }
    }
    rounded.addAll(glue);
    while (rounded.removeIf(i -> glue.contains(i) && !joins(i, rounded))) {
      // what lost a neighbour may cost another one its place
    }
    if (target == Target.TENSORRT) {
      rounded.removeIf(i -> glue.contains(i) && !index.node(i).getOpType().equals("Add"));
    }
    return rounded;
  }

  /** A sum with a constant is no sum of two rounded values. */
  private boolean isGlue(NodeProto node) {
    return GLUE.contains(node.getOpType()) && index.dynamic(node).size() == node.getInputCount();
  }

  private boolean joins(int node, Set<Integer> rounded) {
    NodeProto glue = index.node(node);
    boolean from =
        index.dynamic(glue).stream()
            .allMatch(input -> source(input).filter(rounded::contains).isPresent());
    return from && glue.getOutputList().stream().anyMatch(output -> feeds(output, rounded));
  }

  /** The node that a value comes from, a Relu left out. */
  private Optional<Integer> source(String value) {
    Optional<Integer> maker = index.maker(value);
    return maker
        .filter(at -> index.node(at).getOpType().equals("Relu"))
        .map(at -> index.maker(index.node(at).getInput(0)))
        .orElse(maker);
  }

  private boolean feeds(String value, Set<Integer> rounded) {
    return index.readers(value).stream()
        .anyMatch(
            reader ->
                rounded.contains(reader)
                    || index.node(reader).getOpType().equals("Relu")
                        && feeds(index.node(reader).getOutput(0), rounded));
  }

  /** Values that get a pair, in the order of the graph. */
  Set<String> values(Set<Integer> rounded, Target target) {
    Set<String> values = new LinkedHashSet<>();
    if (target == Target.WEIGHTS) {
      return values;
    }
    for (int i : rounded) {
      NodeProto node = index.node(i);
      if (isProduct(node)) {
        values.add(node.getInput(0));
      } else {
        values.addAll(index.dynamic(node));
      }
      if (target == Target.CPU && !node.getOpType().equals("MatMul")) {
        String output = node.getOutput(0);
        values.add(
            index.onlyRelu(output).map(relu -> index.node(relu).getOutput(0)).orElse(output));
      }
    }
    return values;
  }

  /** All values that any choice of nodes and target may round. */
  Set<String> candidates() {
    Set<Integer> all = rounded(Set.copyOf(products()), Target.CPU);
    return values(all, Target.CPU);
  }

  /** The value whose range a value has, where its node can't change scales. */
  String ranged(String value, Set<Integer> rounded) {
    Optional<Integer> maker =
        index
            .maker(value)
            .filter(rounded::contains)
            .filter(at -> SAME_RANGE.equals(index.node(at).getOpType()));
    return maker.map(at -> ranged(index.node(at).getInput(0), rounded)).orElse(value);
  }

  /** Of a weight, which runs over output channels. */
  static int axis(NodeProto product) {
    return product.getOpType().equals("Conv") ? 0 : 1;
  }
}
