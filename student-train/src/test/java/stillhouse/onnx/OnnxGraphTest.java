package stillhouse.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OnnxGraphTest {
  private final OnnxGraph graph = new OnnxGraph("g");

  @Test
  void outputsBearTheirNamesWithoutAnIdentity() {
    String x = graph.input("x", 2);
    String y = graph.node("Relu", List.of(x));
    String z = graph.node("Add", List.of(y, graph.tensor("one", new float[] {1, 1}, 2)));
    graph.output(y, "middle", 2);
    graph.output(z, "end", 2);
    ModelProto model = graph.build(Map.of());
    assertThat(model.getGraph().getNodeList())
        .extracting(n -> n.getOpType())
        .containsExactly("Relu", "Add");
    assertThat(model.getGraph().getNode(0).getOutput(0)).isEqualTo("middle");
    assertThat(model.getGraph().getNode(1).getInput(0)).isEqualTo("middle");
    assertThat(model.getGraph().getNode(1).getOutput(0)).isEqualTo("end");
    assertThat(model.getGraph().getInitializer(0).getRawData().toByteArray())
        .containsExactly(0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f); // 1.0f, little-endian
  }

  @Test
  void refusesAnInputThatNothingMakes() {
    assertThatThrownBy(() -> graph.node("Relu", List.of("nowhere")))
        .hasMessage("No value 'nowhere' in the graph");
  }

  @Test
  void refusesANameTwice() {
    graph.input("x", 2);
    assertThatThrownBy(() -> graph.tensor("x", new float[1], 1))
        .hasMessage("Two values of the graph are named 'x'");
  }

  @Test
  void refusesAnInitialiserThatDoesNotFillItsShape() {
    assertThatThrownBy(() -> graph.tensor("w", new float[3], 2, 2))
        .hasMessage("Invalid initialiser 'w': shape [2, 2] holds 4, data 3");
  }

  @Test
  void refusesToNameOneOutputTwice() {
    String y = graph.node("Relu", List.of(graph.input("x", 2)));
    graph.output(y, "a", 2);
    assertThatThrownBy(() -> graph.output(y, "b", 2))
        .hasMessage("Cannot call Relu_1.out output 'b': it is output 'a' already");
  }
}
