package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On models/tiny_segmenter.py: a convolution [2, 3, 4, 4] of stride 4 on 16×24, then a resize. */
class ExplainCommandTest {
  private static final Path ONNX =
      Path.of("../eval/src/test/resources/models/tiny_segmenter.onnx").toAbsolutePath();
  @TempDir Path folder;

  @Test
  void operatorsAndNodesAreSaidWithBytesAndMultiplicationsAsWorkedByHand() throws IOException {
    Path json = folder.resolve("nodes.json");
    assertThat(printed(ONNX.toString(), "--json=" + json))
        .contains(ONNX.toString(), "operator", "nodes", "read", "written", "million MACs")
        .containsPattern("Conv +1 .*0\\.00")
        .containsPattern("all +2 ")
        .containsPattern("TensorRT: every operator is on the published lists of \\d");
    JsonNode said = JsonFiles.JSON.readTree(json.toFile()).get(ONNX.toString());
    assertThat(said.get("offTensorRtsLists")).isEmpty();
    JsonNode nodes = said.get("nodes");
    JsonNode conv = nodes.get(0);
    assertThat(conv.get("operator").asText()).isEqualTo("Conv");
    assertThat(conv.get("macs").asLong()).isEqualTo(2 * 4 * 6 * 3 * 4 * 4); // outputs · window
    assertThat(conv.get("written").asLong()).isEqualTo(4 * 2 * 4 * 6);
    assertThat(conv.get("read").asLong())
        .isEqualTo(4 * (3 * 16 * 24 + 2 * 3 * 4 * 4 + 2)); // image, weights, biases
    assertThat(printed(ONNX.toString(), "--nodes"))
        .contains("node", "operator", "output", "1×2×4×6", "1×2×16×24");
  }

  @Test
  void whatTensorRtMayRefuseIsSaidAndWritten() throws IOException {
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(ONNX)).toBuilder();
    NodeProto last = model.getGraph().getNode(model.getGraph().getNodeCount() - 1);
    model
        .getGraphBuilder()
        .addNode(
            NodeProto.newBuilder()
                .setName("coin")
                .setOpType("Bernoulli")
                .addInput(last.getOutput(0))
                .addOutput("tossed"));
    Path file = Files.write(folder.resolve("coin.onnx"), model.build().toByteArray());
    Path json = folder.resolve("coin.json");
    assertThat(printed(file.toString(), "--json=" + json))
        .contains(
            "TensorRT: not on the published lists of ", "  coin (Bernoulli): not in TensorRT's");
    JsonNode off =
        JsonFiles.JSON.readTree(json.toFile()).get(file.toString()).get("offTensorRtsLists");
    assertThat(off).hasSize(1);
    assertThat(off.get(0).get("node").asText()).isEqualTo("coin");
    assertThat(off.get(0).get("operator").asText()).isEqualTo("Bernoulli");
  }

  @Test
  void aFileThatIsNotThereOrIsNoModelIsNamed() throws IOException {
    Path none = folder.resolve("none.onnx");
    assertThat(BadInputTest.refused("explain", none.toString()))
        .contains("Cannot explain " + none + ": no such file");
    byte[] whole = Files.readAllBytes(ONNX);
    Path cut = Files.write(folder.resolve("cut.onnx"), Arrays.copyOf(whole, whole.length / 2));
    assertThat(BadInputTest.refused("explain", cut.toString()))
        .contains("Cannot explain " + cut + ": ", "it is no ONNX model");
  }

  @Test
  void noFileIsAUsageError() {
    StringWriter err = new StringWriter();
    assertThat(Stillhouse.run(new PrintWriter(err), "explain")).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(err.toString()).contains("FILE");
  }

  private static String printed(String... options) {
    var bytes = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      String[] args = new String[options.length + 1];
      args[0] = "explain";
      System.arraycopy(options, 0, args, 1, options.length);
      StringWriter err = new StringWriter();
      assertThat(Stillhouse.run(new PrintWriter(err), args)).as(err.toString()).isZero();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
