package stillhouse.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** FP16 files, files whose weights alone are INT8, and layers that stay in float. */
class PrecisionTest {
  private static final byte[] MODEL = SmallNetwork.bytes();
  private static final List<float[]> IMAGES = images();

  @Test
  void anFp16FileIsStronglyTypedAndKeepsItsInputAndOutputs() throws Exception {
    ModelProto file = ModelProto.parseFrom(HalfModel.of(MODEL));
    GraphProto graph = file.getGraph();
    assertThat(graph.getInput(0)).isEqualTo(ModelProto.parseFrom(MODEL).getGraph().getInput(0));
    assertThat(graph.getOutputList())
        .extracting(o -> o.getName() + " " + o.getType().getTensorType().getElemType())
        .containsExactly("logits 1", "embedding 1");
    assertThat(graph.getInitializerList())
        .extracting(TensorProto::getName)
        .contains("scales", "first.weight.fp16")
        .doesNotContain("first.weight");
    assertThat(graph.getNodeList())
        .extracting(NodeProto::getOpType)
        .filteredOn("Cast"::equals)
        .hasSize(3); // the image, and each output
    float[] exact = SmallNetwork.run(MODEL, IMAGES.get(0));
    assertThat(SmallNetwork.run(file.toByteArray(), IMAGES.get(0)))
        .containsExactly(exact, within(2e-3f));
  }

  @Test
  void refusesATensorBeyondFp16() throws Exception {
    ModelProto.Builder model = ModelProto.parseFrom(MODEL).toBuilder();
    float[] bias = new float[8];
    bias[3] = 70000;
    for (TensorProto.Builder tensor : model.getGraphBuilder().getInitializerBuilderList()) {
      if (tensor.getName().equals("first.bias")) {
        tensor.setRawData(Constants.floats("x", List.of(8L), bias).getRawData());
      }
    }
    assertThatThrownBy(() -> HalfModel.of(model.build().toByteArray()))
        .hasMessage("Cannot write first.bias in FP16: it holds 70000.0 (must be within ±65504.0)");
  }

  @Test
  void aFileOfInt8WeightsNeedsNoImagesAndComputesInFloat() throws Exception {
    byte[] file =
        QdqModel.of(
            MODEL,
            Activations.of(MODEL, List.<float[]>of().iterator()),
            new QdqOptions(Target.WEIGHTS, Calibration.MIN_MAX, Set.of()));
    ModelProto model = ModelProto.parseFrom(file);
    assertThat(model.getGraph().getNodeList())
        .extracting(NodeProto::getOpType)
        .doesNotContain("QuantizeLinear")
        .filteredOn("DequantizeLinear"::equals)
        .hasSize(5);
    assertThat(model.getMetadataProps(0).getValue()).isEqualTo("int8 weights, float activations");
    assertThat(file.length).isLessThan(MODEL.length);
    float[] exact = SmallNetwork.run(MODEL, IMAGES.get(0));
    assertThat(SmallNetwork.run(file, IMAGES.get(0))).containsExactly(exact, within(0.05f));
  }

  @Test
  void theLayersThatInt8CostsMostStayInFloatUntilTheLimitHolds() {
    Activations activations = Activations.of(MODEL, IMAGES.iterator());
    Sensitivity.Choice none = choose(activations, 1);
    assertThat(none.inFloat()).isEmpty();
    assertThat(none.left()).isEqualTo(none.whole()).isBetween(1e-4, 0.1);
    Sensitivity.Choice some = choose(activations, none.whole() / 100);
    assertThat(some.whole()).isEqualTo(none.whole());
    assertThat(some.layers())
        .hasSize(5)
        .isSortedAccordingTo((a, b) -> Double.compare(b.difference(), a.difference()));
    assertThat(some.inFloat()).containsExactly(some.layers().get(0).node()); // a quarter of five
    assertThat(some.left()).isLessThan(some.whole());
  }

  @Test
  void namesTheActivationThatIsNotANumber() {
    float[] broken = IMAGES.get(1).clone();
    broken[5] = Float.NaN;
    List<float[]> images = List.of(IMAGES.get(0), broken);
    assertThatThrownBy(() -> Activations.of(MODEL, images.iterator()))
        .hasMessage(
            "Cannot measure activation image of 'small': it is not finite on calibration image 2");
  }

  @Test
  void refusesAFileThatIsCutShortOrHasAnUnknownOperator() throws Exception {
    byte[] cut = Arrays.copyOf(MODEL, MODEL.length - 40);
    assertThatThrownBy(() -> Activations.of(cut, IMAGES.iterator()))
        .hasMessageStartingWith(
            "Cannot quantise a file of " + cut.length + " bytes: it is no ONNX model (");
    ModelProto.Builder unknown = ModelProto.parseFrom(MODEL).toBuilder();
    unknown.getGraphBuilder().getNodeBuilder(1).setOpType("Frobnicate");
    assertThatThrownBy(() -> Activations.of(unknown.build().toByteArray(), IMAGES.iterator()))
        .hasMessageStartingWith("Cannot run 'small': ")
        .hasMessageContaining("Frobnicate");
  }

  private static Sensitivity.Choice choose(Activations activations, double limit) {
    return Sensitivity.of(
        MODEL, activations, Target.CPU, Calibration.MIN_MAX, IMAGES.subList(0, 2), limit);
  }

  private static List<float[]> images() {
    Random random = new Random(9);
    List<float[]> images = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      float[] image = new float[3 * 16 * 16];
      for (int k = 0; k < image.length; k++) {
        image[k] = random.nextFloat();
      }
      images.add(image);
    }
    return images;
  }
}
