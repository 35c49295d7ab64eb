package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.onnx.OnnxExport;
import stillhouse.onnx.OnnxGraph;
import stillhouse.quantize.GraphCosts;
import stillhouse.student.Convolution;
import stillhouse.student.Kernel;
import stillhouse.student.Weights;
import stillhouse.teacher.Clicks;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Refined;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensorrt.OperatorTable;

class DecoderExportTest {
  private static final PromptGrid GRID = new PromptGrid(8, 8, 8);

  @TempDir Path folder;
  private NDManager manager;
  private Weights weights;

  @BeforeEach
  void open() {
    manager = Decoders.manager();
    weights = new Weights(manager, 7);
  }

  @AfterEach
  void close() {
    weights.close();
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({"FOURFOLD, ALL", "TWOFOLD, ALL", "TWOFOLD, DENSE_POINTS"})
  void whatShipsAnswersAsWhatWasTrainedAndCostsWhatIsCounted(
      Upsampling upsampling, PromptKinds kinds) throws IOException {
    PromptDecoderConfig config = Decoders.small().with(upsampling).with(kinds);
    PromptableDecoder decoder = decoder(config);
    Path file = write(decoder);
    NDArray images = Decoders.noise(manager, "image", 1, 2, 32, 8, 8);
    DecoderCheck.Difference difference = DecoderCheck.compare(decoder, file, images);
    assertThat(difference.masks()).isLessThan(1e-4);
    assertThat(difference.ious()).isLessThan(1e-4);

    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(OperatorTable.published().check(model)).isEmpty();
    assertThat(macs(file, kinds)).isEqualTo(DecoderCost.of(config, GRID, 5).total());
  }

  /** Of one prompt of five points, but for the positions of the cells. */
  private static long macs(Path file, PromptKinds kinds) throws IOException {
    Map<String, long[]> shapes =
        new TreeMap<>(
            Map.of(
                "image_embeddings", new long[] {1, 32, 8, 8},
                "point_coords", new long[] {1, 5, 2},
                "point_labels", new long[] {1, 5}));
    if (kinds.takesMask()) {
      shapes.put("mask_input", new long[] {1, 1, 32, 32});
      shapes.put("has_mask_input", new long[] {1});
    }
    long all =
        GraphCosts.of(Files.readAllBytes(file), shapes).stream()
            .mapToLong(GraphCosts.Node::macs)
            .sum();
    return all - GRID.cells() * 32L;
  }

  @Test
  void oneDoublingSparesAThirdOfTheUpsamplingAndNotOfTheDecoder() {
    PromptGrid grid = new PromptGrid(64, 64, 16);
    DecoderCost sam = DecoderCost.of(PromptDecoderConfig.sam(), grid, 2);
    DecoderCost half = DecoderCost.of(PromptDecoderConfig.sam().with(Upsampling.TWOFOLD), grid, 2);
    assertThat(sam)
        .isEqualTo(new DecoderCost(18_091_018, 1_399_571_456, 402_653_184, 8_388_608, 689_152));
    assertThat(half)
        .isEqualTo(new DecoderCost(18_091_018, 1_399_571_456, 134_217_728, 2_097_152, 689_152));
    assertThat(sam.total()).isEqualTo(1_829_393_418);
    assertThat(half.total()).isEqualTo(1_554_666_506);
  }

  @Test
  void anotherDecodersFileIsNamed() throws IOException {
    PromptableDecoder decoder = decoder(Decoders.small());
    Path file = write(decoder);
    fill("student.prompt_encoder.no_mask_embed.weight", 2);
    NDArray images = Decoders.noise(manager, "image", 1, 1, 32, 8, 8);
    assertThatThrownBy(() -> DecoderCheck.compare(decoder, file, images))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageMatching(
            "The exported .* is not the trained decoder: logits differ by up to .*, predicted IoU"
                + " by .* \\(at most 0.001\\)\\. Export it again from the checkpoint it names\\.");
  }

  @Test
  void aTensorThatIsNotFiniteDoesNotShip() {
    PromptableDecoder decoder = decoder(Decoders.small());
    fill("student.mask_decoder.iou_token.weight", Float.NaN);
    assertThatThrownBy(() -> write(decoder))
        .hasMessageContaining("tensor 'student.mask_decoder.iou_token.weight' holds NaN");
  }

  @Test
  void aTeachersYamlReadsIt() throws IOException {
    PromptableDecoder decoder = decoder(Decoders.small());
    Path yaml = teacher(writeEncoder(), write(decoder));
    try (Teacher teacher = TeacherFiles.resolve(TeacherConfig.load(yaml), folder).open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(ramp())).get(0);
      FloatTensor embedding = features.get("embedding");
      NDArray image = manager.create(embedding.data(), new Shape(1, 32, 8, 8));
      Prompt box = new Prompt.Box(1, 10, 12, 50, 40);
      assertAnswer(
          teacher.decode(features, 64, 64, box),
          decoder.forward(
              image,
              manager.create(new float[] {10, 12, 50, 40}, new Shape(1, 2, 2)),
              Decoders.labels(manager, 1, 2, 3),
              false));
      Prompt point = new Prompt.Point(1, 20, 30, true);
      assertAnswer(
          teacher.decode(features, 64, 64, point),
          decoder.forward(
              image,
              manager.create(new float[] {20, 30, 0, 0}, new Shape(1, 2, 2)),
              Decoders.labels(manager, 1, 1, -1),
              false));
    }
  }

  /** As Questions asks it while it learns: padding behind the first point, then the others. */
  @Test
  void aDecoderOfDensePointsIsAskedAsItWasTrained() throws IOException {
    PromptableDecoder decoder =
        decoder(Decoders.small().with(Upsampling.TWOFOLD).with(PromptKinds.DENSE_POINTS));
    Path yaml = teacher(writeEncoder(), write(decoder), "dense-points");
    try (Teacher teacher = TeacherFiles.resolve(TeacherConfig.load(yaml), folder).open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(ramp())).get(0);
      try (Teacher.Asking asking = teacher.asking(features, 64, 64)) {
        NDArray image = manager.create(features.get("embedding").data(), new Shape(1, 32, 8, 8));
        Prompt.Point inside = new Prompt.Point(1, 20, 30, true);
        assertAnswer(
            asking.answer(inside),
            decoder.forward(
                image,
                manager.create(new float[] {20, 30, 0, 0}, new Shape(1, 2, 2)),
                Decoders.labels(manager, 1, 1, -1),
                false));
        Refined first = asking.refine(Clicks.of(inside), 1);
        assertThat(first.carried()).isEmpty();
        Clicks two = Clicks.of(inside).then(new Prompt.Point(1, 50, 10, false), first.carried());
        MaskAnswer several = asking.refine(two, 1).answer();
        PromptedMasks expected =
            decoder.forward(
                image,
                manager.create(new float[] {20, 30, 0, 0, 50, 10}, new Shape(1, 3, 2)),
                Decoders.labels(manager, 1, 1, -1, 0),
                false);
        float[] single = expected.single().masks().toFloatArray();
        for (int i = 0; i < single.length; i++) {
          assertThat(several.logits().data()[i]).isCloseTo(single[i], within(1e-4f));
        }
        Prompt box = new Prompt.Box(1, 10, 12, 50, 40);
        assertThatThrownBy(() -> asking.answer(box))
            .hasMessage("Cannot ask teacher promptable about %s: it answers points alone", box);
      }
    }
  }

  @Test
  void aTeacherOfMasksHalfAsFineIsAskedInRounds() throws Exception {
    PromptableDecoder decoder = decoder(Decoders.small().with(Upsampling.TWOFOLD));
    Path yaml = teacher(writeEncoder(), write(decoder));
    try (Teacher teacher = TeacherFiles.resolve(TeacherConfig.load(yaml), folder).open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(ramp())).get(0);
      try (Teacher.Asking asking = teacher.asking(features, 64, 64)) {
        Clicks one = Clicks.of(new Prompt.Point(1, 20, 30, true));
        FloatTensor carried = asking.refine(one, 1).carried().orElseThrow();
        assertThat(carried.shape()).containsExactly(16, 16);
        Clicks two = one.then(new Prompt.Point(1, 50, 10, false), Optional.of(carried));
        MaskAnswer refined = asking.refine(two, 1).answer();

        NDArray image = manager.create(features.get("embedding").data(), new Shape(1, 32, 8, 8));
        PromptedMasks expected =
            decoder.forward(
                image,
                manager.create(new float[] {20, 30, 50, 10, 0, 0}, new Shape(1, 3, 2)),
                Decoders.labels(manager, 1, 1, 0, -1),
                manager.create(carried.data(), new Shape(1, 1, 16, 16)),
                false);
        float[] single = expected.single().masks().toFloatArray();
        for (int i = 0; i < single.length; i++) {
          assertThat(refined.logits().data()[i]).isCloseTo(single[i], within(1e-4f));
        }
      }
    }
  }

  /** The teacher takes the best of the alternatives. */
  private static void assertAnswer(MaskAnswer answer, PromptedMasks expected) {
    float[] ious = expected.alternatives().ious().toFloatArray();
    int best = 0;
    for (int i = 1; i < ious.length; i++) {
      best = ious[i] > ious[best] ? i : best;
    }
    assertThat(answer.predictedIou()).isCloseTo(ious[best], within(1e-4f));
    float[] masks = expected.alternatives().masks().toFloatArray();
    float[] logits = answer.logits().data();
    assertThat(logits).hasSize((int) expected.masks().getShape().slice(2).size());
    for (int i = 0; i < logits.length; i++) {
      assertThat(logits[i]).isCloseTo(masks[best * logits.length + i], within(1e-4f));
    }
  }

  private Path teacher(Path encoder, Path decoder) throws IOException {
    return teacher(encoder, decoder, "sam");
  }

  private Path teacher(Path encoder, Path decoder, String kind) throws IOException {
    return Files.writeString(
        folder.resolve("teacher.yaml"),
        """
        name: promptable
        engine: onnxruntime
        files:
          encoder: {source: "file:%s", sha256: %s}
          decoder: {source: "file:%s", sha256: %s}
        input: {height: 64, width: 64, resize: direct, scale: 0..1, mean: [0, 0, 0], std: [1, 1, 1]}
        layers: {embedding: embedding}
        decoder: {kind: %s}
        """
            .formatted(
                encoder,
                Sha256.ofFile(encoder).hex(),
                decoder,
                Sha256.ofFile(decoder).hex(),
                kind));
  }

  /** Cells of 8×8 pixels to 32 channels. */
  private Path writeEncoder() throws IOException {
    OnnxGraph graph = new OnnxGraph("encoder");
    Convolution cells = Convolution.biased(weights, "cells", Kernel.patches(3, 32, 8), 1);
    String image = graph.input("image", 3, 64, 64);
    graph.output(cells.export(graph, image), "embedding", 32, 8, 8);
    Path file = folder.resolve("encoder.onnx");
    OnnxExport.write(graph, Map.of(), file);
    return file;
  }

  private static RgbImage ramp() {
    byte[] pixels = new byte[3 * 64 * 64];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 31 >> 4);
    }
    return new RgbImage(64, 64, pixels);
  }

  private PromptableDecoder decoder(PromptDecoderConfig config) {
    PromptableDecoder decoder = PromptableDecoder.create(config, GRID, Decoders.PREFIX, weights);
    Decoders.fill(weights);
    return decoder;
  }

  private void fill(String name, float value) {
    float[] values = weights.get(name).toFloatArray();
    Arrays.fill(values, value);
    weights.get(name).set(values);
  }

  private Path write(PromptableDecoder decoder) throws IOException {
    Path file = folder.resolve("decoder.onnx");
    DecoderFile.write(decoder, weights, Map.of("stillhouse.kind", "prompt-decoder"), file);
    return file;
  }
}
