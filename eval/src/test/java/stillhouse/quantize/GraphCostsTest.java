package stillhouse.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import stillhouse.quantize.GraphCosts.Node;

class GraphCostsTest {
  @Test
  void countsBytesAndProductsAsWorkedByHand() {
    Map<String, Node> nodes = byName(SmallNetwork.bytes());
    // 3×3 of 3 channels, stride 2: 8 maps of 8×8 from 3 of 16×16, 216 weights and 8 biases.
    assertThat(nodes.get("first"))
        .isEqualTo(
            new Node(
                "first",
                "Conv",
                4 * (3 * 256 + 216 + 8),
                4 * 8 * 64,
                8 * 64 * 27,
                List.of(1L, 8L, 8L, 8L)));
    assertThat(nodes.get("sum").macs()).isZero();
    assertThat(nodes.get("sum").read()).isEqualTo(2 * 4 * 8 * 64);
    assertThat(nodes.get("product").macs()).isEqualTo(8 * 16 * 16 * 16);
    assertThat(nodes.get("resize").written()).isEqualTo(4 * 8 * 256);
  }

  @Test
  void countsWhatIsInInt8AndInFp16AsSuch() {
    byte[] model = SmallNetwork.bytes();
    var images = List.of(new float[3 * 256]);
    byte[] rounded =
        QdqModel.of(
            model,
            Activations.of(model, images.iterator()),
            new QdqOptions(Target.CPU, Calibration.MIN_MAX, Set.of()));
    assertThat(byName(rounded).get("image.int8.QuantizeLinear").written()).isEqualTo(3 * 256);
    Node half = byName(HalfModel.of(model)).get("first");
    assertThat(half.read()).isEqualTo(2 * (3 * 256 + 216 + 8));
    assertThat(half.written()).isEqualTo(2 * 8 * 64);
  }

  private static Map<String, Node> byName(byte[] model) {
    return GraphCosts.of(model).stream().collect(Collectors.toMap(Node::name, Function.identity()));
  }
}
