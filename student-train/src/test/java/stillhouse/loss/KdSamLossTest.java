package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.student.StudentOutput;

/** Mean squared error of embeddings, and what a frozen network sees of them. */
class KdSamLossTest {
  @TempDir static Path folder;

  /** Values and gradients against {@code reference/kd_sam_losses.json}, made by kd_sam.py. */
  @TestFactory
  Stream<DynamicTest> agreesWithTorchInDoublePrecision() throws IOException {
    JsonNode cases = ReferenceCase.read("kd_sam_losses.json").get("cases");
    assertThat(cases).hasSize(7);
    return StreamSupport.stream(cases.spliterator(), false)
        .map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> check((ObjectNode) c)));
  }

  private static void check(ObjectNode c) throws IOException {
    if (c.has("onnx")) {
      Path file = Files.write(folder.resolve("network.onnx"), model(c));
      ((ObjectNode) c.get("settings"))
          .put("network", file.toString())
          .put("sha256", Sha256.ofFile(file).hex());
    }
    try (var bench = new Bench()) {
      ReferenceCase.check(bench, c, ReferenceCase.tensors(bench, c.get("inputs")));
    }
  }

  /** Two channels of two cells: ((1−3)² + (2−2)² + (0−1)² + (4−1)²) / 4 = 14 / 4. */
  @Test
  void theErrorIsTheMeanOfSquaresOverChannelsAndCells() {
    try (var bench = new Bench()) {
      NDArray student = bench.manager.create(new float[] {1, 2, 0, 4}, new Shape(1, 2, 1, 2));
      NDArray teacher = bench.manager.create(new float[] {3, 2, 1, 1}, new Shape(1, 2, 1, 2));
      var loss = new EmbeddingMse(EmbeddingAdapter.none(2));
      assertThat(perSample(loss, student, teacher)).containsExactly(3.5f);
    }
  }

  /**
   * The network is the identity and twice the image, and three channels are taken as they are. The
   * teacher's (3, −3, 3, −3, …) has a deviation of 3; the student is 0. ((1)² + (2)²) / 2 = 2.5.
   */
  @Test
  void thePerceptualDistanceIsTheMeanOverLayersInUnitsOfTheTeachersContrast() {
    try (var bench = new Bench()) {
      float[] values = {3, -3, 3, -3, 3, -3};
      NDArray teacher = bench.manager.create(values, new Shape(1, 3, 1, 2));
      NDArray student = bench.manager.zeros(new Shape(1, 3, 1, 2));
      var context =
          new ObjectiveContext(bench.weights, 3, 3, 1, Bench.projection(3, 0)); // the axes, no mean
      var loss =
          new PerceptualLoss(
              EmbeddingAdapter.none(3),
              ThreeChannels.create(ThreeChannels.Kind.PCA, 0, context),
              image -> List.of(image, image.add(image)));
      assertThat(perSample(loss, student, teacher)[0]).isCloseTo(2.5f, within(1e-6f));
    }
  }

  @Test
  void theTwoLossesReadTheEmbeddingThroughOneAdapter() {
    try (var bench = new Bench()) {
      var assembly = bench.assembly(ProjectionSettings.TeacherProjection.PCA);
      for (String yaml :
          List.of("{embedding-mse: {weight: 1}}", "{perceptual: {weight: 1, width: 2}}")) {
        assertThat(assembly.loss(yaml, Bench.settings(yaml)).learned())
            .containsExactlyInAnyOrder(
                "loss.embedding.adapter.weight", "loss.embedding.adapter.bias");
      }
      assertThat(bench.weights.trainable()).hasSize(2);
    }
  }

  @Test
  void whereTheNetworkLiesIsNoPartOfTheSettingsAndItsDigestIs() throws IOException {
    String yaml = "{perceptual: {weight: 1, network: %s, sha256: %s, layers: [a]}}";
    LossSettings here = Bench.settings(yaml.formatted("/here", "a0".repeat(32)));
    LossSettings there = Bench.settings(yaml.formatted("/there", "a0".repeat(32)));
    assertThat(Losses.makeTheSame(here, there)).isTrue();
    assertThat(Bench.YAML.valueToTree(here).has("network")).isFalse();
    assertThat(Losses.makeTheSame(here, Bench.settings(yaml.formatted("/here", "b0".repeat(32)))))
        .isFalse();
  }

  @Test
  void refusesSettingsThatDoNotGoTogether() {
    assertRefused("layers: [relu4_1]", "relu4_1 (must be of [relu1_1, relu1_2, relu2_1, relu2_2");
    assertRefused("network: vgg.onnx, layers: [a], sha256: " + "a0".repeat(32), "absolute path");
    assertRefused("network: /vgg.onnx, layers: [a]", "with sha256 and layers beside it");
    assertRefused("sha256: " + "a0".repeat(32), "must be of a network, and none is named");
    assertThatThrownBy(
            () -> {
              try (var bench = new Bench()) {
                var context = new ObjectiveContext(bench.weights, 6, 6, 2, Bench.projection(6, 0));
                Bench.settings("{perceptual: {weight: 1}}")
                    .create(new Assembly(context, ProjectionSettings.DEFAULT));
              }
            })
        .hasMessage(
            "Invalid losses.perceptual.layers: [relu1_2, relu2_2, relu3_3] on a grid of 2 (must be at least 4: raise alignment.grid)");
  }

  private static void assertRefused(String settings, String why) {
    assertThatThrownBy(() -> Bench.settings("{perceptual: {weight: 1, " + settings + "}}"))
        .hasStackTraceContaining(why);
  }

  @Test
  void refusesANetworkThatIsNotTheOneOrThatItCannotCompute() throws IOException {
    byte[] whole = Base64.getDecoder().decode(onnx());
    Path file = Files.write(folder.resolve("refused.onnx"), whole);
    assertThatThrownBy(() -> settings(file, "a0".repeat(32), "last").requireFiles())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("its SHA-256 is " + Sha256.of(whole) + ", the recipe says a0a0");
    assertThatThrownBy(
            () -> settings(Path.of("/none.onnx"), "a0".repeat(32), "last").requireFiles())
        .hasMessageContaining("Cannot read network /none.onnx");
    settings(file, Sha256.of(whole).hex(), "last").requireFiles();
    assertFile(
        whole, model -> {}, "conv9", "it has no conv9 (its first values are [centred, normal, c0,");
    assertFile(
        whole,
        model -> {},
        "answer",
        "operator Flatten is not known (must be one of [Add, AveragePool, BatchNormalization,");
    assertFile(
        whole,
        model -> conv(model).getAttributeBuilder(0).setInts(0, 3),
        "r0",
        "node  (c0): pads [3, 1, 1, 1] (must be of two dimensions, equal on both sides)");
    assertFile(
        whole,
        model -> conv(model).setInput(1, "normal"),
        "r0",
        "its input normal is computed (must be a tensor of the file)");
    assertFile(
        whole,
        model ->
            model
                .getGraphBuilder()
                .getInputBuilder(0)
                .getTypeBuilder()
                .getTensorTypeBuilder()
                .getShapeBuilder()
                .getDimBuilder(1)
                .setDimValue(1),
        "r0",
        "its input image has 1 channels (must be 3)");
    Path text = Files.writeString(folder.resolve("text.onnx"), "no model at all");
    assertThatThrownBy(() -> settings(text, Sha256.ofFile(text).hex(), "a").requireFiles())
        .hasMessageContaining("it is no ONNX model");
  }

  private static void assertFile(
      byte[] whole, Consumer<ModelProto.Builder> change, String layer, String why)
      throws IOException {
    ModelProto.Builder model = ModelProto.parseFrom(whole).toBuilder();
    change.accept(model);
    Path file = Files.write(folder.resolve("changed.onnx"), model.build().toByteArray());
    assertThatThrownBy(() -> settings(file, Sha256.ofFile(file).hex(), layer).requireFiles())
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("Invalid", file.toString(), why);
  }

  private static NodeProto.Builder conv(ModelProto.Builder model) {
    return model.getGraphBuilder().getNodeBuilderList().stream()
        .filter(node -> node.getOpType().equals("Conv"))
        .findFirst()
        .orElseThrow();
  }

  private static LossSettings settings(Path file, String sha256, String layer) {
    return Bench.settings(
        "{perceptual: {weight: 1, network: %s, sha256: %s, layers: [%s]}}"
            .formatted(file, sha256, layer));
  }

  private static byte[] model(JsonNode c) {
    return Base64.getDecoder().decode(c.get("onnx").asText());
  }

  private static String onnx() throws IOException {
    for (JsonNode c : ReferenceCase.read("kd_sam_losses.json").get("cases")) {
      if (c.has("onnx")) {
        return c.get("onnx").asText();
      }
    }
    throw new AssertionError("No case has a network");
  }

  private static float[] perSample(Loss loss, NDArray student, NDArray teacher) {
    var targets = new Targets(null, null, null, teacher, null, null);
    return loss.perSample(new StudentOutput(student, null), targets).toFloatArray();
  }
}
