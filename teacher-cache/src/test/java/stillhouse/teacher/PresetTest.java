package stillhouse.teacher;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.conf.ConfigException;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.identity.Sha256;
import stillhouse.tensor.FloatTensor;

/**
 * The presets, each adopted with a small random network of its interface
 * (tools/random_teachers.py), whose masks are ellipses over the prompt.
 */
class PresetTest {
  private static final int WIDTH = 90;
  private static final int HEIGHT = 60;

  @TempDir Path folder;

  // The greatest predicted IoU among the candidates that may be the answer, and that one's size.
  @ParameterizedTest
  @CsvSource({
    "sam-vit-h, 0.9, 0.6, 43",
    "sam-vit-b, 0.9, 0.6, 43",
    "sam2-hiera-small, 0.9, 0.6, 64",
    "efficient-sam-ti, 0.9, 0.6, 64",
    "efficient-sam-s, 0.9, 0.6, 64",
    "edge-sam, 0.95, 1.0, 43",
    "sam2-hiera-tiny-djl, 0.9, 0.6, 64",
    "sam2-hiera-small-djl, 0.9, 0.6, 64"
  })
  void masksLieWhereThePromptsAre(String name, float iou, float size, int rows) throws IOException {
    try (Teacher teacher = adopted(name).open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(image())).get(0);

      assertThat(features.get("embedding").shape()).containsExactly(256, rows, 64);
      assertFigures(name, features.get("embedding"));
      assertThat(features.keySet()).containsExactlyElementsOf(teacher.spec().layers());
      MaskAnswer box = teacher.decode(features, WIDTH, HEIGHT, new Prompt.Box(1, 30, 10, 70, 40));
      assertThat(box.predictedIou()).isCloseTo(iou, within(1e-6f));
      assertEllipse(box.logits(), 50, 25, size * 20, size * 15);
      MaskAnswer point = teacher.decode(features, WIDTH, HEIGHT, new Prompt.Point(1, 60, 20, true));
      boolean letterBoxed = rows < 64;
      float radius = size * 100 * WIDTH / 1024; // a hundred pixels of the input's
      float down = letterBoxed ? radius : radius * HEIGHT / WIDTH;
      assertEllipse(point.logits(), 60, 20, radius, down);
    }
  }

  /** By what the network's project documents of its input: preset_inputs.py. */
  private static void assertFigures(String name, FloatTensor embedding) throws IOException {
    Path file = SmallSegmenter.resource("small-segmenter.onnx").resolveSibling("..");
    JsonNode figures =
        new ObjectMapper().readTree(file.resolve("preset_inputs.json").toFile()).get(name);
    assertThat(figures).hasSize(4);
    for (JsonNode one : figures) {
      int c = one.get(0).asInt();
      int y = one.get(1).asInt();
      int x = one.get(2).asInt();
      int at = (c * embedding.dim(1) + y) * embedding.dim(2) + x;
      assertThat((double) embedding.data()[at])
          .as("%s: channel %d at row %d, column %d", name, c, y, x)
          .isCloseTo(one.get(3).asDouble(), within(2e-4));
    }
  }

  @Test
  void readsPixelsThatTheFileItselfPads() throws IOException {
    String yaml =
        Files.readString(conf("sam-vit-b"))
            .replace("resize:", "layout: hwc\n  resize:")
            .replace("[123.675, 116.28, 103.53]", "[0, 0, 0]")
            .replace("[58.395, 57.12, 57.375]", "[1, 1, 1]");
    Path preset = Files.writeString(folder.resolve("hwc.yaml"), yaml);
    try (Teacher planes = adopted("sam-vit-b").open();
        Teacher pixels =
            adopted(preset, "sam-vit-b-hwc.encoder.onnx", "sam-vit-b.decoder.onnx").open()) {
      float[] expected = planes.encode(List.of(image())).get(0).get("embedding").data();

      float[] actual = pixels.encode(List.of(image())).get(0).get("embedding").data();

      assertThat(actual).hasSameSizeAs(expected);
      for (int i = 0; i < actual.length; i++) {
        if (Math.abs(actual[i] - expected[i]) > 1e-3f) {
          assertThat(actual[i]).as("cell %d", i).isCloseTo(expected[i], within(1e-3f));
        }
      }
      assertThat(pixels.spec().preprocessing()).isNotEqualTo(planes.spec().preprocessing());
    }
  }

  @Test
  void takesTheImagesMasksWhereAFileHasNoneOfLowResolution() throws IOException {
    String yaml =
        Files.readString(conf("sam-vit-b")).replace("kind: sam", "kind: sam\n  low_res_masks: x");
    Path preset = Files.writeString(folder.resolve("full.yaml"), yaml);
    try (Teacher teacher =
        adopted(preset, "sam-vit-b.encoder.onnx", "sam-vit-b.decoder.onnx").open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(image())).get(0);

      MaskAnswer box = teacher.decode(features, WIDTH, HEIGHT, new Prompt.Box(1, 30, 10, 70, 40));

      assertThat(box.logits().shape()).containsExactly(171, 256);
      assertEllipse(box.logits(), 50, 25, 12, 9);
    }
  }

  @Test
  void refusesADecoderWhosePredictedIouIsNone() throws IOException {
    byte[] decoder = Files.readAllBytes(random("sam-vit-b.decoder.onnx"));
    int at = indexOf(decoder, 0.9f);
    ByteBuffer.wrap(decoder).order(LITTLE_ENDIAN).putFloat(at, Float.NaN);
    Path spoilt = Files.write(folder.resolve("decoder.onnx"), decoder);
    Adoption.Result result =
        adopt(conf("sam-vit-b"), "sam-vit-b.encoder.onnx", spoilt.toString(), folder);
    assertThat(result.report().problems())
        .singleElement()
        .asString()
        .startsWith("Cannot choose a mask of teacher sam-vit-b about Box[")
        .endsWith(": 'iou_predictions' is [0.95, 0.6, NaN, 0.7] (must be finite)");
  }

  private static int indexOf(byte[] bytes, float value) {
    ByteBuffer all = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    return IntStream.range(0, bytes.length - 3)
        .filter(i -> all.getFloat(i) == value)
        .findFirst()
        .orElseThrow();
  }

  /** Ellipses of 100 pixels' radius and 60, over 4.5 % and 1.6 % of the image. */
  @Test
  void ofTheCandidatesThatAreSmallEnoughTheBestIsTheAnswer() throws IOException {
    Prompt point = new Prompt.Point(1, 60, 20, true);
    try (Teacher teacher = adopted("edge-sam").open();
        Teacher.Asking image =
            teacher.asking(teacher.encode(List.of(image())).get(0), WIDTH, HEIGHT)) {
      assertThat(image.answer(point).predictedIou()).isEqualTo(0.95f);
      assertThat(image.answer(point, 0.03).predictedIou()).isEqualTo(0.9f);
      assertThat(image.answer(point, 0.03).share()).isCloseTo(0.016, within(0.002));
      assertThat(image.answer(point, 0.001).predictedIou()).as("all are larger").isEqualTo(0.95f);
    }
  }

  @Test
  void aTeacherOfBoxesIsCheckedByABox() throws IOException {
    String yaml =
        Files.readString(conf("sam-vit-b")).replace("kind: sam", "kind: sam\n  boxes_only: true");
    Path preset = Files.writeString(folder.resolve("boxes.yaml"), yaml);
    try (Teacher teacher =
        adopted(preset, "sam-vit-b.encoder.onnx", "sam-vit-b.decoder.onnx").open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(image())).get(0);
      Prompt point = new Prompt.Point(1, 5, 5, true);
      assertThatThrownBy(() -> teacher.decode(features, WIDTH, HEIGHT, point))
          .hasMessageStartingWith("Cannot ask teacher sam-vit-b about Point[")
          .hasMessageEndingWith(": it answers boxes alone");
    }
  }

  /** What a decoder reads of the padding lies over no pixel, and does not turn with the image. */
  @Test
  void viewsOfALetterBoxedTeacherAreMeasuredWithoutItsPadding() throws IOException {
    try (Teacher teacher = adopted("sam-vit-b").open()) {
      List<Equivariance.Figure> figures =
          Equivariance.of(
              teacher,
              SmallSegmenter.image(64, 64),
              List.of(new Prompt.Box(1, 10, 10, 30, 40)),
              List.of(View.TURN_90, View.FLIP_HORIZONTAL));
      assertThat(figures)
          .extracting(Equivariance.Figure::map)
          .containsOnly("embedding", Teacher.LOGITS);
    }
  }

  @ParameterizedTest
  @CsvSource({"upernet-swin-large, 512, 128, 150, 512", "plain-segmenter, 64, 32, 3, 256"})
  void segmentersGiveFeaturesAndDenseLogits(
      String name, int channels, int grid, int classes, int side) throws IOException {
    try (Teacher teacher = adopted(name).open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(image())).get(0);

      assertThat(features.get("embedding").shape()).containsExactly(channels, grid, grid);
      assertThat(features.get("logits").shape()).containsExactly(classes, side, side);
      if (!name.equals("plain-segmenter")) { // which is nobody's in particular
        assertFigures(name, features.get("embedding"));
      }
    }
  }

  @Test
  void keepsExternalWeightsBesideTheirNetwork() throws IOException {
    Path network = Files.copy(random("plain-segmenter-outside.onnx"), folder.resolve("net.onnx"));
    Path weights = random("plain-segmenter_data.bin");
    Path beside = Files.copy(weights, folder.resolve(weights.getFileName()));
    Adoption both =
        new Adoption(
            conf("plain-segmenter"),
            network.toString(),
            Optional.of(beside.toString()),
            Optional.empty());
    Path yaml = both.into(folder.resolve("big"), settings()).yaml().orElseThrow();
    TeacherConfig config = TeacherConfig.load(yaml);
    try (Teacher outside = TeacherFiles.resolve(config, folder).open();
        Teacher inside = adopted("plain-segmenter").open()) {
      assertThat(outside.encode(List.of(image())).get(0).get("logits").data())
          .isEqualTo(inside.encode(List.of(image())).get(0).get("logits").data());
    }
    assertThat(config.spec().encoderDigest()).isNotEqualTo(Sha256.ofFile(network));

    Files.write(beside, new byte[] {1});
    assertThatThrownBy(() -> TeacherFiles.resolve(config, folder).open())
        .hasMessageContaining("Cannot use file " + beside + " for teacher plain-segmenter");
    Adoption apart =
        new Adoption(
            conf("plain-segmenter"),
            network.toString(),
            Optional.of(weights.toString()),
            Optional.empty());
    assertThatThrownBy(() -> apart.into(folder.resolve("apart"), settings()))
        .hasMessageContaining("the weights " + weights + " must lie beside " + network);
  }

  @Test
  void saysWhichMethodATorchScriptFileHasNot() throws IOException {
    String yaml = Files.readString(conf("sam2-hiera-tiny-djl")).replace("encode}", "embed}");
    Path preset = Files.writeString(folder.resolve("method.yaml"), yaml);

    Adoption.Result result = adopt(preset, "sam2-hiera-tiny-djl.pt", null, folder.resolve("none"));

    assertThat(result.yaml()).isEmpty();
    assertThat(result.report().problems())
        .singleElement(as(InstanceOfAssertFactories.STRING))
        .startsWith("Cannot run the encoder of teacher sam2-hiera-tiny-djl on [1, 3, 1024, 1024]: ")
        .contains("embed");
  }

  @Test
  void writesAPinnedTeacherOnceAndNoOtherOverIt() throws IOException {
    Path out = folder.resolve("mine");
    Path yaml = adopt("edge-sam", "edge-sam", out).yaml().orElseThrow();

    assertThat(yaml).isEqualTo(out.resolve("teacher.yaml"));
    TeacherConfig config = TeacherConfig.load(yaml);
    assertThat(config.name()).isEqualTo("edge-sam");
    assertThat(config.files().encoder().bytes()).isEqualTo(4336);
    assertThat(Files.readString(yaml)).startsWith("# Adopted from the preset edge-sam.yaml");
    assertThat(adopt("edge-sam", "edge-sam", out).yaml()).contains(yaml);
    assertThatThrownBy(() -> adopt("sam-vit-b", "sam-vit-b", out))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Cannot write " + yaml + ": another teacher is there");
    assertThat(out).isDirectoryContaining("glob:**/teacher.yaml").isNotEmptyDirectory();
  }

  @Test
  void saysWhatOfAnotherNetworkDoesNotFitAndWritesNothing() throws IOException {
    Path out = folder.resolve("none");

    Adoption.Result other = adopt("sam-vit-b", "edge-sam", out);

    assertThat(other.yaml()).isEmpty();
    assertThat(out).doesNotExist();
    assertThat(other.report().problems())
        .contains(
            "input.name names 'input_image', the file has [image]",
            "decoder.kind is sam, but the decoder's tensors are those of kind: edge-sam")
        .anySatisfy(
            p -> assertThat(p).startsWith("decoder inputs names 'mask_input', the file has ["));
    assertThat(adopt("edge-sam", "sam-vit-b", out).report().problems())
        .contains(
            "decoder inputs name [image_embeddings, point_coords, point_labels], the file takes"
                + " also mask_input, has_mask_input, orig_im_size, which nothing feeds");
  }

  @Test
  void saysWhichSizeDoesNotFit() throws IOException {
    String yaml = Files.readString(conf("efficient-sam-ti")).replace(": 1024", ": 512");
    Path half = Files.writeString(folder.resolve("half.yaml"), yaml);
    assertThat(
            adopt(
                    half,
                    "efficient-sam-ti.encoder.onnx",
                    "efficient-sam-ti.decoder.onnx",
                    folder.resolve("none"))
                .report()
                .problems())
        .containsExactly(
            "decoder input 'image_embeddings' takes [-1, 256, 64, 64], layer embedding gives [1,"
                + " 256, 32, 32]");

    Path planes = conf("sam-vit-b");
    Adoption.Result pixels =
        adopt(planes, "sam-vit-b-hwc.encoder.onnx", "sam-vit-b.decoder.onnx", folder.resolve("no"));
    assertThat(pixels.report().problems())
        .containsExactly(
            "input asks for [1, 3, 1024, 1024], the file takes [-1, -1, 3] (pixels [h, w, 3]:"
                + " layout: hwc; it normalises by itself, so mean: [0, 0, 0], std: [1, 1, 1])");
  }

  @Test
  void saysWhichFileIsMissingOrTooMuch() {
    assertThatThrownBy(() -> adopt(conf("sam-vit-b"), "sam-vit-b.encoder.onnx", null, folder))
        .hasMessage("Cannot adopt sam-vit-b: it has a decoder. Give --decoder FILE");
    assertThatThrownBy(
            () ->
                adopt(
                    conf("plain-segmenter"),
                    "plain-segmenter.onnx",
                    "edge-sam.decoder.onnx",
                    folder))
        .hasMessageContaining("Cannot adopt plain-segmenter: ")
        .hasMessageContaining("has no decoder; leave out --decoder");
    Adoption absent = new Adoption(conf("edge-sam"), "no.onnx", Optional.empty(), Optional.empty());
    assertThatThrownBy(() -> absent.into(folder, settings()))
        .hasMessage("Cannot adopt no.onnx: no such file");
  }

  private LocalTeacher adopted(String name) throws IOException {
    if (name.endsWith("-djl")) {
      return adopted(conf(name), "sam2-hiera-tiny-djl.pt", null);
    }
    boolean promptable = Files.exists(random(name + ".decoder.onnx"));
    return promptable
        ? adopted(conf(name), name + ".encoder.onnx", name + ".decoder.onnx")
        : adopted(conf(name), name + ".onnx", null);
  }

  private LocalTeacher adopted(Path preset, String encoder, String decoder) throws IOException {
    Adoption.Result result =
        adopt(preset, encoder, decoder, Files.createTempDirectory(folder, "out"));
    assertThat(result.report().problems()).isEmpty();
    return TeacherFiles.resolve(TeacherConfig.load(result.yaml().orElseThrow()), folder);
  }

  private Adoption.Result adopt(String preset, String network, Path out) {
    return adopt(conf(preset), network + ".encoder.onnx", network + ".decoder.onnx", out);
  }

  private Adoption.Result adopt(Path preset, String encoder, String decoder, Path out) {
    Optional<String> given = Optional.ofNullable(decoder).map(d -> random(d).toString());
    return new Adoption(preset, random(encoder).toString(), Optional.empty(), given)
        .into(out, settings());
  }

  private FetchSettings settings() {
    return settings(folder);
  }

  static FetchSettings settings(Path folder) {
    List<String> told = new ArrayList<>();
    return new FetchSettings(folder.resolve("cache"), folder, new Configuration(), told::add);
  }

  private static Path conf(String name) {
    return Path.of("../conf/teachers", name + ".yaml");
  }

  static Path random(String file) {
    return SmallSegmenter.resource("small-segmenter.onnx").resolveSibling("random").resolve(file);
  }

  private static RgbImage image() {
    return SmallSegmenter.image(WIDTH, HEIGHT);
  }

  /** Centre and half axes, in the image's pixels, of where the logits are positive. */
  private static void assertEllipse(FloatTensor logits, float x, float y, float rx, float ry) {
    float across = (float) WIDTH / logits.dim(1);
    float down = (float) HEIGHT / logits.dim(0);
    int left = Integer.MAX_VALUE;
    int right = -1;
    int top = Integer.MAX_VALUE;
    int bottom = -1;
    for (int i = 0; i < logits.data().length; i++) {
      if (logits.data()[i] > 0) {
        left = Math.min(left, i % logits.dim(1));
        right = Math.max(right, i % logits.dim(1));
        top = Math.min(top, i / logits.dim(1));
        bottom = Math.max(bottom, i / logits.dim(1));
      }
    }
    float near = 1.2f; // cells of 0.35 pixels, and an edge that bends with the embedding
    assertThat((left + right + 1) / 2f * across).isCloseTo(x, within(near));
    assertThat((top + bottom + 1) / 2f * down).isCloseTo(y, within(near));
    assertThat((right + 1 - left) / 2f * across).isCloseTo(rx, within(near));
    assertThat((bottom + 1 - top) / 2f * down).isCloseTo(ry, within(near));
  }
}
