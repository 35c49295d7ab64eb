package stillhouse.jobs;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import stillhouse.conf.ConfigException;
import stillhouse.quantize.GraphCosts;
import stillhouse.quantize.GraphCosts.Node;
import stillhouse.tensorrt.OperatorTable;
import stillhouse.tensorrt.OperatorTable.Finding;

/** An ONNX file → what its nodes read, write and multiply. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description =
        "Says what each operator of an ONNX file reads, writes and multiplies for one image, as the file stands, and which nodes TensorRT's published lists don't have.")
final class ExplainCommand implements Callable<Integer> {
  @Parameters(arity = "1..*", paramLabel = "FILE", description = "ONNX files")
  private List<Path> files;

  @Option(names = "--nodes", description = "a line a node instead of one an operator")
  private boolean nodes;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "also write each file's nodes, and those off TensorRT's lists, as JSON")
  private Path json;

  /**
   * What is said of a file.
   *
   * @param offTensorRtsLists nodes that TensorRT may refuse
   */
  private record Explained(List<Node> nodes, List<Finding> offTensorRtsLists) {}

  @Override
  public Integer call() throws IOException {
    Map<String, Explained> all = new TreeMap<>();
    OperatorTable table = OperatorTable.published();
    for (Path file : files) {
      if (!Files.isRegularFile(file)) {
        throw new ConfigException("Cannot explain " + file + ": no such file");
      }
      byte[] model = Files.readAllBytes(file);
      List<Node> costs = costs(file, model);
      List<Finding> findings = table.check(ModelProto.parseFrom(model));
      all.put(file.toString(), new Explained(costs, findings));
      System.out.println(file);
      System.out.println(nodes ? byNode(costs) : byOperator(costs));
      System.out.println(tensorRt(table, findings));
    }
    if (json != null) {
      JsonFiles.write(json, all);
    }
    return 0;
  }

  private static List<Node> costs(Path file, byte[] model) {
    try {
      return GraphCosts.of(model);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("Cannot explain " + file + ": " + e.getMessage(), e);
    }
  }

  /** What TensorRT may refuse. */
  private static String tensorRt(OperatorTable table, List<Finding> findings) {
    String versions = String.join(" and ", table.versions());
    if (findings.isEmpty()) {
      return "TensorRT: every operator is on the published lists of " + versions + "\n";
    }
    var found = new StringBuilder("TensorRT: not on the published lists of " + versions + ":\n");
    findings.forEach(f -> found.append("  ").append(f).append('\n'));
    return found.toString();
  }

  private static String byNode(List<Node> costs) {
    var table = new TextTable("node", "operator", "output", "read", "written", "million MACs");
    for (Node node : costs) {
      table.add(
          node.name(),
          node.operator(),
          node.shape().stream().map(String::valueOf).collect(Collectors.joining("×")),
          TextTable.bytes(node.read()),
          TextTable.bytes(node.written()),
          millions(node.macs()));
    }
    return table.text();
  }

  private static String byOperator(List<Node> costs) {
    var table = new TextTable("operator", "nodes", "read", "written", "million MACs");
    Map<String, List<Node>> operators =
        costs.stream()
            .collect(Collectors.groupingBy(Node::operator, TreeMap::new, Collectors.toList()));
    operators.forEach((operator, of) -> add(table, operator, of));
    add(table, "all", costs);
    return table.text();
  }

  private static void add(TextTable table, String name, Collection<Node> of) {
    table.add(
        name,
        (long) of.size(),
        TextTable.bytes(of.stream().mapToLong(Node::read).sum()),
        TextTable.bytes(of.stream().mapToLong(Node::written).sum()),
        millions(of.stream().mapToLong(Node::macs).sum()));
  }

  private static String millions(long macs) {
    return String.format(Locale.ROOT, "%.2f", macs / 1e6);
  }
}
