package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.tracking.MlflowClient;
import stillhouse.conf.ConfFiles;
import stillhouse.data.ClassMask;
import stillhouse.data.DatasetConfig;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.identity.Sha256;
import stillhouse.tracking.MlflowServer;
import stillhouse.tracking.TrackingServer;

/**
 * The job on plates of 128×128 with a bar each, and a decoder whose masks can be worked out by hand
 * (rounds_onnx.py): a first point is answered with a disc of 8 pixels' radius, further ones with
 * 12, a box with itself.
 */
class PromptsCommandTest {
  private static final int SIDE = 128;
  private static final int PLATES = 5;
  private static final List<String> QUESTIONS = List.of("point", "click_1", "click_2", "box");

  @TempDir static Path folder;
  private static MlflowServer mlflow;
  private static LocalSession session;
  private static Path data;
  private static Path rounds;
  private static Path boxes;
  private static JsonNode asked;
  private static JsonNode cached;

  @BeforeAll
  static void askBeforeAndAfterTheCacheJob() throws Exception {
    mlflow = MlflowServer.start(Files.createDirectory(folder.resolve("mlflow")));
    session = new LocalSession();
    for (int i = 0; i < PLATES; i++) {
      plate(i);
    }
    data =
        Files.writeString(
            folder.resolve("data.yaml"),
            """
            name: plates
            classes: [bar]
            sources:
              - {images: images, masks: masks, split: test}
            input: {height: 128, width: 128}
            prompts: {source: label-boxes, minArea: 16}
            """);
    rounds = teacher("rounds", "{kind: sam}");
    boxes = teacher("boxes", "{kind: sam, boxes_only: true}");
    done("ingest", "--data=" + data, root());
    Path broken = folder.resolve("images/p0.png");
    byte[] whole = Files.readAllBytes(broken);
    Files.writeString(broken, "no picture");
    asked = prompts("asked.json", rounds + "," + boxes, "--clicks=2");
    Files.write(broken, whole);
    done("cache", "--data=" + data, root(), "--teacher=" + rounds);
    cached = prompts("cached.json", rounds.toString(), "--clicks=2");
  }

  @AfterAll
  static void stop() {
    session.close();
    mlflow.close();
  }

  /** A dark bar of 60×20, and a speck that is too small to ask about. */
  private static void plate(int i) throws IOException {
    byte[] rgb = new byte[3 * SIDE * SIDE];
    byte[] labels = new byte[SIDE * SIDE];
    Arrays.fill(rgb, (byte) (150 + i)); // no two contents are equal
    for (int y = 20 + 10 * i; y < 40 + 10 * i; y++) {
      for (int x = 30; x < 90; x++) {
        labels[y * SIDE + x] = 1;
        Arrays.fill(rgb, 3 * (y * SIDE + x), 3 * (y * SIDE + x) + 3, (byte) 40);
      }
    }
    labels[SIDE * SIDE - 1] = 1;
    png("images/p" + i, ImageCodec.encodePng(new RgbImage(SIDE, SIDE, rgb)));
    png("masks/p" + i, ImageCodec.encodePng(new ClassMask(SIDE, SIDE, labels)));
  }

  private static void png(String name, byte[] bytes) throws IOException {
    Path file = folder.resolve(name + ".png");
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
  }

  private static Path teacher(String name, String decoder) throws IOException {
    Path files = ConfFiles.home().resolve("teacher-cache/src/test/resources/reference/teacher");
    Path encoder = files.resolve("rounds.encoder.onnx").toAbsolutePath();
    Path its = files.resolve("rounds.decoder.onnx").toAbsolutePath();
    return Files.writeString(
        folder.resolve(name + ".yaml"),
        """
        name: %s
        engine: onnxruntime
        files:
          encoder: {source: "file:%s", sha256: %s}
          decoder: {source: "file:%s", sha256: %s}
        input:
          {height: 256, width: 256, resize: longest-side, scale: "0..1", mean: [0, 0, 0], std: [1, 1, 1]}
        layers: {embedding: image_embeddings}
        decoder: %s
        """
            .formatted(name, encoder, Sha256.ofFile(encoder), its, Sha256.ofFile(its), decoder));
  }

  private static String root() {
    return "--root=" + folder.resolve("workspace");
  }

  private static JsonNode prompts(String summary, String teachers, String... more)
      throws IOException {
    Path file = folder.resolve(summary);
    List<String> args =
        new ArrayList<>(
            List.of(
                "prompts",
                "--data=" + data,
                root(),
                "--teacher=" + teachers,
                "--mlflow=" + mlflow.uri(),
                "--summary=" + file));
    args.addAll(List.of(more));
    done(args.toArray(String[]::new));
    return JsonFiles.JSON.readTree(file.toFile());
  }

  private static void done(String... args) {
    StringWriter err = new StringWriter();
    assertThat(Stillhouse.run(new PrintWriter(err), args)).as(args[0] + ": " + err).isZero();
  }

  private static String refused(String... args) {
    StringWriter err = new StringWriter();
    assertThat(Stillhouse.run(new PrintWriter(err), args)).isEqualTo(Stillhouse.BAD_INPUT);
    return err.toString();
  }

  private static double mean(JsonNode teacher, String question, String measure) {
    return teacher.at("/questions/%s/%s/mean".formatted(question, measure)).asDouble();
  }

  /**
   * Of a bar's 1200 pixels a first click finds a disc of 52 cells of 2×2, to which its soft edge
   * adds less than a pixel all around.
   */
  @Test
  void eachQuestionsMeanIsOverTheBars() {
    JsonNode teacher = cached.get(0);

    assertThat(teacher.get("objects").asInt()).as("specks are left out").isEqualTo(PLATES);
    assertThat(mean(teacher, "point", "iou")).isBetween(208 / 1200.0, 265 / 1200.0);
    assertThat(mean(teacher, "click_1", "iou")).isGreaterThan(mean(teacher, "point", "iou"));
    assertThat(mean(teacher, "box", "iou")).isGreaterThan(0.85);
    assertThat(mean(teacher, "point", "predicted_iou")).isCloseTo(0.9, within(1e-6));
    assertThat(mean(teacher, "click_1", "predicted_iou")).isCloseTo(0.95, within(1e-6));
    for (String question : QUESTIONS) {
      double iou = mean(teacher, question, "iou");
      double off = mean(teacher, question, "predicted_iou") - iou;
      assertThat(mean(teacher, question, "iou_error")).isCloseTo(Math.abs(off), within(1e-5));
      JsonNode interval = teacher.at("/questions/" + question + "/iou");
      assertThat(interval.get("groups").asInt()).isEqualTo(PLATES);
      assertThat(interval.get("low").asDouble()).isLessThanOrEqualTo(iou);
      assertThat(interval.get("high").asDouble()).isGreaterThanOrEqualTo(iou);
    }
  }

  @Test
  void cachedFeaturesAreTakenAndTheAnswersAreTheSame() {
    assertThat(List.of(count(asked, "featuresCached"), count(asked, "featuresAsked")))
        .containsExactly(0, PLATES - 1);
    assertThat(List.of(count(cached, "featuresCached"), count(cached, "featuresAsked")))
        .containsExactly(PLATES, 0);
    // The bars differ in where they are alone: by whole cells, so means over four and five are
    // equal.
    for (String question : QUESTIONS) {
      assertThat(mean(asked.get(0), question, "iou"))
          .isCloseTo(mean(cached.get(0), question, "iou"), within(1e-9));
    }
  }

  private static int count(JsonNode summary, String name) {
    return summary.get(0).get(name).asInt();
  }

  @Test
  void anImageThatCannotBeReadIsNamedAndTheOthersGoOn() {
    assertThat(count(asked, "imagesFailed")).isEqualTo(1);
    assertThat(asked.get(0).get("failures").get(0).asText())
        .startsWith("sample ")
        .contains("images/p0.png): ", "run ingest again");
    assertThat(count(cached, "imagesFailed")).isZero();
  }

  @Test
  void aTeacherOfBoxesAloneIsAskedByBoxesAlone() {
    JsonNode alone = asked.get(1);

    assertThat(alone.get("teacher").asText()).isEqualTo("boxes");
    assertThat(alone.get("questions").fieldNames()).toIterable().containsExactly("box");
    assertThat(mean(alone, "box", "iou")).isEqualTo(mean(asked.get(0), "box", "iou"));
  }

  @Test
  void theFilesTellTheirParametersAndCallsAreTimed() {
    JsonNode teacher = cached.get(0);
    assertThat(teacher.get("encoderParameters").asInt()).isEqualTo(24);
    assertThat(teacher.get("decoderCalls").asInt()).isEqualTo(PLATES * QUESTIONS.size());
    assertThat(teacher.get("decoderMillis").asDouble()).isPositive();
    assertThat(teacher.get("encoderMillis").asDouble()).isPositive();
  }

  @Test
  void mlflowHasTheMetricsTheTableAndThePicture() throws Exception {
    try (var server = TrackingServer.connect(mlflow.uri());
        var client = new MlflowClient(mlflow.uri())) {
      RunInfo newest = server.runs("plates").get(0);
      assertThat(newest.getStatus()).isEqualTo(RunStatus.FINISHED);
      assertThat(newest.getRunName()).isEqualTo("prompts rounds");
      Map<String, Double> metrics =
          client.getRun(newest.getRunId()).getData().getMetricsList().stream()
              .collect(
                  Collectors.toMap(Metric::getKey, Metric::getValue, (a, b) -> b, TreeMap::new));
      for (String question : QUESTIONS) {
        assertThat(metrics.get("prompts/test/" + question + "/iou"))
            .isEqualTo(mean(cached.get(0), question, "iou"));
      }
      assertThat(metrics)
          .containsKeys("prompts/test/box/boundary_iou_95_low", "model/ms_per_prompt");
      assertThat(
              mlflow.get("/api/2.0/mlflow/artifacts/list?path=prompts&run_id=" + newest.getRunId()))
          .contains("prompts/prompts.json", "prompts/prompts.png");
    }
  }

  @Test
  void thePictureHasARowAnImageAndAColumnAQuestion() throws IOException {
    Path kept = folder.resolve("workspace/runs/_prompts/rounds-test");
    assertThat(JsonFiles.JSON.readTree(kept.resolve("prompts.json").toFile()))
        .isEqualTo(cached.get(0));
    BufferedImage picture = ImageIO.read(kept.resolve("prompts.png").toFile());
    assertThat(picture.getWidth()).isGreaterThan((QUESTIONS.size() + 1) * 220);
    assertThat(picture.getHeight()).isGreaterThan(PLATES * 220);
  }

  @Test
  void aLimitTakesTheFirstImagesByAHashOfTheirNames() {
    DatasetConfig plates = DatasetConfig.load(data);
    String root = folder.resolve("workspace").toUri().toString();
    PromptSamples all =
        PromptSamples.of(session.spark(), root, plates, "test", OptionalInt.empty());
    PromptSamples two = PromptSamples.of(session.spark(), root, plates, "test", OptionalInt.of(2));

    assertThat(List.of(two.images(), two.of())).containsExactly(2L, (long) PLATES);
    assertThat(ids(two.rows().collectAsList())).isEqualTo(ids(all.few(2)));
    assertThat(two.set()).isNotEqualTo(all.set());
  }

  private static List<String> ids(List<Row> rows) {
    return rows.stream().map(row -> row.<String>getAs(Samples.SAMPLE_ID)).toList();
  }

  @Test
  void whatCannotBeAskedIsSaidInASentence() {
    String[] job = {"prompts", "--data=" + data, root(), "--mlflow=" + mlflow.uri()};
    assertThat(refused(with(job, "--teacher=" + boxes, "--split=val")))
        .contains("No image to score in split val: 0 of its 0 labelled images can be used");
    assertThat(refused(with(job, "--teacher=" + boxes, "--min-area=5000", "--limit=1")))
        .contains("no object of split test has 5000 pixels. Give a smaller --min-area.");
  }

  private static String[] with(String[] args, String... more) {
    return Stream.concat(Stream.of(args), Stream.of(more)).toArray(String[]::new);
  }
}
