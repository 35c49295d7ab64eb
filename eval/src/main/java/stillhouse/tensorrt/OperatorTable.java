package stillhouse.tensorrt;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The ONNX operators that TensorRT's parser takes, by its published tables: {@code
 * tensorrt/operators.tsv} says whose and of which versions. A node that is in the list may still be
 * refused for a restriction that is not looked at here.
 */
public final class OperatorTable {
  private static final String RESOURCE = "/tensorrt/operators.tsv";
  private static final OperatorTable PUBLISHED = read();
  private static final Set<String> OF_ONNX = Set.of("", "ai.onnx");

  /** One range of operator sets that a version takes. */
  private record Opsets(String version, long low, long high) {}

  /**
   * A row.
   *
   * @param first the version whose table has it first
   * @param types of its data inputs
   */
  private record Row(String first, List<String> types) {}

  /**
   * A node, or the whole file, that TensorRT need not take.
   *
   * @param node its name, or its first output where it has none; the graph's for the whole file
   */
  public record Finding(String node, String operator, String why) {
    @Override
    public String toString() {
      return "%s (%s): %s".formatted(node, operator, why);
    }
  }

  private final List<Opsets> opsets = new ArrayList<>();
  private final Map<String, Row> rows = new LinkedHashMap<>();

  private OperatorTable() {}

  public static OperatorTable published() {
    return PUBLISHED;
  }

  private static OperatorTable read() {
    OperatorTable table = new OperatorTable();
    try (InputStream in = OperatorTable.class.getResourceAsStream(RESOURCE)) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(table::line);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read resource " + RESOURCE, e);
    }
    return table;
  }

  private void line(String line) {
    String[] words = line.split(line.startsWith("#") ? " " : "\t");
    if (!line.startsWith("#")) {
      rows.put(words[0], new Row(words[1], List.of(words[2].split(" "))));
    } else if (words.length == 5 && words[1].equals("opsets")) {
      opsets.add(new Opsets(words[2], Long.parseLong(words[3]), Long.parseLong(words[4])));
    }
  }

  /** The versions whose tables these are, oldest first. */
  public List<String> versions() {
    return opsets.stream().map(Opsets::version).toList();
  }

  /** How many operators are listed. */
  public int size() {
    return rows.size();
  }

  /**
   * What of a file is not in the tables of all {@link #versions()}: its operator set, each node's
   * operator, its element types, and of its restrictions those that {@link Restrictions} looks at.
   *
   * @return in the file's order; empty where all is in all tables
   */
  public List<Finding> check(ModelProto model) {
    List<Finding> findings = new ArrayList<>();
    opset(model)
        .ifPresent(why -> findings.add(new Finding(model.getGraph().getName(), "opset", why)));
    ElementTypes types = new ElementTypes(model.getGraph());
    Restrictions restrictions = new Restrictions(model.getGraph());
    for (NodeProto node : model.getGraph().getNodeList()) {
      why(node, types)
          .or(() -> restrictions.broken(node))
          .ifPresent(why -> findings.add(new Finding(name(node), node.getOpType(), why)));
      types.add(node);
    }
    return findings;
  }

  private Optional<String> opset(ModelProto model) {
    long opset =
        model.getOpsetImportList().stream()
            .filter(set -> OF_ONNX.contains(set.getDomain()))
            .mapToLong(OperatorSetIdProto::getVersion)
            .findFirst()
            .orElse(0);
    return opsets.stream()
        .filter(range -> opset < range.low() || opset > range.high())
        .findFirst()
        .map(
            range ->
                "opset %d, TensorRT %s takes %d to %d"
                    .formatted(opset, range.version(), range.low(), range.high()));
  }

  private Optional<String> why(NodeProto node, ElementTypes types) {
    Row row = rows.get(node.getOpType());
    if (!OF_ONNX.contains(node.getDomain())) {
      return Optional.of("of domain " + node.getDomain() + ", which takes a plugin");
    }
    if (row == null) {
      return Optional.of("not in TensorRT's list (" + String.join(", ", versions()) + ")");
    }
    if (!row.first().equals(versions().get(0))) {
      return Optional.of(
          "in the list of TensorRT %s, not in that of %s"
              .formatted(row.first(), versions().get(0)));
    }
    return types
        .mixed(node)
        .or(
            () ->
                types
                    .ofData(node)
                    .filter(type -> !row.types().contains(type))
                    .map(type -> "of %s (must be among %s)".formatted(type, row.types())));
  }

  private static String name(NodeProto node) {
    return !node.getName().isEmpty() || node.getOutputCount() == 0
        ? node.getName()
        : node.getOutput(0);
  }
}
