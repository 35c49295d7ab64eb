package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.tracking.MlflowClient;
import stillhouse.cache.CacheTables;
import stillhouse.canary.Check;
import stillhouse.data.ImageCodec;
import stillhouse.identity.Sha256;
import stillhouse.quantize.HalfModel;
import stillhouse.scene.Scenes;
import stillhouse.tensorrt.NetworkFile;
import stillhouse.tracking.TrackingServer;

/**
 * Every job in order, through its command line: four executors, a real MLflow server. The module's
 * longest, so its name makes it one of the first (surefire.order).
 */
class WholePipelineTest implements ReviewedRunTests {
  private static final List<String> RUNS = List.of(TAUGHT, "tiny-conv.sard.s0");
  private static final int SCENES = 48;
  private static final int SIZE = 96;
  @TempDir static Path folder;
  private static Workbench bench;
  private static Set<String> cachedOnce;
  private static Set<String> cachedTwice;

  @BeforeAll
  static void runEveryJob() throws Exception {
    bench = new Workbench(folder, 4);
    drawScenes();
    bench.done("ingest", bench.data(), bench.root());
    bench.done(
        "train",
        bench.data(),
        bench.root(),
        bench.tracking(),
        TRAINING,
        "--recipe=scratch",
        "--name=teacher");
    bench.done("freeze", bench.root(), "--run=teacher", "--out=" + folder.resolve("teacher"));
    bench.done("cache", bench.data(), bench.root(), teacherOption());
    cachedOnce = bench.files("cache");
    bench.done("cache", bench.data(), bench.root(), teacherOption());
    cachedTwice = bench.files("cache");
    bench.done(
        "train",
        bench.data(),
        bench.root(),
        bench.tracking(),
        TRAINING,
        "--recipe=naive-logit,sard",
        teacherOption(),
        "--names-out=" + folder.resolve("names/runs.txt"));
    bench.done("export", bench.root(), bench.tracking(), "--run=" + String.join(",", RUNS));
    bench.done(
        "evaluate",
        bench.data(),
        bench.root(),
        bench.tracking(),
        teacherOption(),
        "--run=" + String.join(",", RUNS),
        "--summary=" + folder.resolve("summary.json"));
    bench.done(
        "compare",
        bench.root(),
        "--baseline=naive-logit",
        "--candidate=sard",
        "--out=" + folder.resolve("compare.json"));
  }

  @Override
  public Workbench bench() {
    return bench;
  }

  @Override
  public String teacher() {
    return teacherOption();
  }

  @AfterAll
  static void stop() {
    if (bench != null) {
      bench.close();
    }
  }

  @Test
  void everyImageIsCachedOrQuarantined() throws IOException {
    JsonNode summary = bench.json("summary.json");
    assertThat(summary.get("images").asInt()).isEqualTo(SCENES + 2);
    assertThat(summary.get("images_quarantined").asInt()).isEqualTo(2);
    assertThat(summary.get("images_cached").asInt()).isEqualTo(SCENES);
    assertThat(summary.get("images_missing").asInt()).isZero();
    assertThat(summary.get("images_left_out")).isEmpty();
  }

  /** What is known of the scenes and no mask shows. */
  private static Path lots() throws IOException {
    var lines = new StringBuilder("image,lot\n");
    try (var images = Files.list(folder.resolve("scenes/images"))) {
      images.forEach(
          image -> {
            String name = image.getFileName().toString();
            lines.append(name).append(name.hashCode() % 2 == 0 ? ",even\n" : ",odd\n");
          });
    }
    return Files.writeString(folder.resolve("lots.csv"), lines);
  }

  @Test
  void anotherToolsMasksAreAModelOfTheTableAndOfComparisons() throws IOException {
    bench.done(
        "evaluate",
        bench.data(),
        bench.root(),
        bench.tracking(),
        teacher(),
        "--run=" + RUNS.get(1),
        "--predictions=perfect=" + folder.resolve("scenes/masks"),
        "--by=size,class,lot",
        "--strata=" + lots(),
        "--summary=" + folder.resolve("predictions.json"));
    JsonNode models = bench.json("predictions.json").get("models");
    assertThat(models.findValuesAsText("kind"))
        .containsExactly("teacher", "student", "predictions");
    JsonNode perfect = models.get(2);
    assertThat(perfect.get("iou").asDouble()).isEqualTo(1);
    assertThat(perfect.get("boundary_iou").asDouble()).isEqualTo(1);
    for (String by : List.of("size", "lot")) {
      long images = 0;
      for (JsonNode part : bench.json("predictions.json").get("strata")) {
        if (part.get("name").asText().equals("perfect") && part.get("by").asText().equals(by)) {
          images += part.get("images").asLong();
        }
      }
      assertThat(images).as("each image in one part").isEqualTo(perfect.get("images").asLong());
    }
    int others = SCENES + 2 - perfect.get("images").asInt();
    assertThat(perfect.get("supervision").asText())
        .isEqualTo(others + " predictions of no image of the split");
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      assertThat(client.getRun(perfect.get("mlflow_run").asText()).getData().getMetricsList())
          .extracting(Metric::getKey, Metric::getValue)
          .contains(tuple("test/iou", 1.0));
    }
    bench.done(
        "compare",
        bench.root(),
        "--baseline=perfect",
        "--candidate=sard",
        "--out=" + folder.resolve("against-predictions.json"));
    JsonNode seed = bench.json("against-predictions.json").at("/comparisons/0/seeds/0");
    assertThat(seed.at("/iou/difference").asDouble())
        .isEqualTo(models.get(1).get("iou").asDouble() - 1);
    bench.done(
        "compare",
        bench.root(),
        "--pair=perfect," + models.get(0).get("name").asText(),
        "--out=" + folder.resolve("pair.json"));
    JsonNode teacher = bench.json("pair.json").at("/comparisons/0/differences/(mean)");
    assertThat(teacher.at("/iou/difference").asDouble())
        .isEqualTo(models.get(0).get("iou").asDouble() - 1);
  }

  @Test
  void theTeacherIsAskedOnce() {
    assertThat(cachedOnce).anyMatch(f -> f.startsWith("features/"));
    assertThat(cachedTwice).isEqualTo(cachedOnce);
  }

  @Test
  void aRefreshTellsMlflowWhatWasAddedChangedAndGoneAndItsTeacherIsScoredAlone()
      throws IOException {
    Path scenes = folder.resolve("nightly/scenes");
    for (int i = 0; i < 4; i++) {
      scene(scenes, "s" + i, i);
    }
    refresh(scenes);
    scene(scenes, "s1", 11);
    scene(scenes, "s4", 4);
    scene(scenes, "s5", 5);
    Files.writeString(scenes.resolve("images/s6.png"), "no picture");
    Files.delete(scenes.resolve("images/s2.png"));
    refresh(scenes);
    try (var server = TrackingServer.connect(bench.mlflow().uri());
        var client = new MlflowClient(bench.mlflow().uri())) {
      RunInfo newest = server.runs("drawn-scenes-cache").get(0);
      assertThat(newest.getStatus()).isEqualTo(RunStatus.FINISHED);
      assertThat(client.getRun(newest.getRunId()).getData().getMetricsList())
          .filteredOn(m -> !m.getKey().endsWith("/seconds"))
          .extracting(Metric::getKey, Metric::getValue)
          .containsExactlyInAnyOrder(
              tuple("ingest/found", 6.0),
              tuple("ingest/known", 2.0),
              tuple("ingest/added", 2.0),
              tuple("ingest/changed", 1.0),
              tuple("ingest/gone", 1.0),
              tuple("ingest/quarantined", 1.0),
              tuple("cache/samples", 5.0),
              tuple("cache/cached", 5.0),
              tuple("cache/quarantined", 0.0),
              tuple("cache/features_new", 3.0),
              tuple("cache/features_reused", 2.0),
              tuple("cache/answers_new", 3.0),
              tuple("cache/structure_new", 3.0));
    }
    bench.done( // before any student is trained
        "evaluate",
        bench.data(),
        "--set=SCENES=" + scenes,
        "--root=" + folder.resolve("nightly"),
        "--split=train",
        teacherOption(),
        bench.tracking(),
        "--summary=" + folder.resolve("teacher.json"));
    assertThat(bench.json("teacher.json").get("models").findValuesAsText("recipe"))
        .containsExactly("teacher");
  }

  @Test
  void theBooksAreRightAndTheTeacherSaysTheSameAgain() throws IOException {
    bench.done("stats", bench.root(), "--json=" + folder.resolve("stats.json"));
    JsonNode stats = bench.json("stats.json");
    assertThat(stats.at("/cache/features/0/rows").asInt()).isEqualTo(SCENES);
    assertThat(stats.at("/cache/features/0/bytes").asLong())
        .isEqualTo(stats.at("/cache/tables/2/bytes").asLong());
    assertThat(stats.at("/checkpoints").findValuesAsText("name")).containsAll(RUNS);
    bench.done(
        "verify",
        bench.data(),
        bench.root(),
        teacherOption(),
        "--recompute=6",
        "--json=" + folder.resolve("verify.json"));
    JsonNode verify = bench.json("verify.json");
    assertThat(verify.get("passed").asBoolean()).isTrue();
    assertThat(verify.at("/samples/cached").asInt()).isEqualTo(SCENES);
    assertThat(verify.at("/recomputed/images").asInt()).isEqualTo(6);
    assertThat(verify.at("/recomputed/different").asInt()).isZero();
    bench.done(
        "plan",
        bench.data(),
        bench.root(),
        teacherOption(),
        "--json=" + folder.resolve("plan.json"));
    assertThat(bench.json("plan.json").at("/plan/features/units").asInt()).isZero();
    assertThat(bench.json("plan.json").at("/plan/probe/encode/mean").asDouble()).isPositive();
    assertThat(bench.files("cache/pins")).as("runs and scores that are done").isEmpty();
  }

  private static void refresh(Path scenes) {
    bench.done(
        "refresh",
        bench.data(),
        "--set=SCENES=" + scenes,
        "--root=" + folder.resolve("nightly"),
        teacherOption(),
        bench.tracking());
  }

  private static void scene(Path scenes, String name, int index) throws IOException {
    var scene = Scenes.draw(9, index, SIZE);
    for (String kind : List.of("images", "masks")) {
      Files.createDirectories(scenes.resolve(kind));
    }
    Files.write(scenes.resolve("images/" + name + ".png"), ImageCodec.encodePng(scene.image()));
    Files.write(scenes.resolve("masks/" + name + ".png"), ImageCodec.encodePng(scene.mask()));
  }

  @Test
  void trainWritesTheNamesOfItsRunsInOrder() {
    assertThat(folder.resolve("names/runs.txt"))
        .content()
        .isEqualTo(String.join("\n", RUNS) + "\n");
  }

  @Test
  void allRanksEndWithEqualWeights() {
    for (String run : RUNS) {
      RunRecord record = bench.record(run);
      assertThat(record.ranks()).isEqualTo(4);
      assertThat(record.rankDigests()).hasSize(4).containsOnly(record.weightsDigest());
      assertThat(record.batch()).isEqualTo(4);
      assertThat(record.learningRate()).isEqualTo(1e-3);
    }
  }

  @Test
  void mlflowHoldsCurvesFilesAndScores() throws Exception {
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      for (String run : RUNS) {
        String id = bench.record(run).mlflowRun();
        assertThat(client.getRun(id).getInfo().getStatus().name()).isEqualTo("FINISHED");
        assertThat(client.getMetricHistory(id, "train/loss")).hasSizeGreaterThan(1);
        assertThat(client.getRun(id).getData().getMetricsList())
            .extracting(m -> m.getKey())
            .contains(
                "test/iou",
                "test/boundary_iou",
                "model/ms_per_image",
                "model/onnx_bytes",
                "epoch/loss");
        assertThat(bench.artifacts(id, "onnx")).contains("onnx/student.onnx");
        assertThat(bench.artifacts(id, "overlays")).contains("overlays/overlays.png");
        assertThat(bench.artifacts(id, "evaluation")).contains("evaluation/evaluation-test.json");
      }
    }
  }

  @Test
  void whatShipsNamesItsInputAndWhatMadeIt() {
    RunRecord record = bench.record(RUNS.get(1));
    assertThat(NetworkFile.of(bench.runs().resolve(RUNS.get(1)).resolve("student.onnx")).metadata())
        .containsEntry("stillhouse.classes", "scratch,dent,pinhole,fragment")
        .containsEntry(
            "stillhouse.preprocessing",
            "RGB / 255, [N, 3, %1$d, %1$d], bilinear with half-pixel centres".formatted(SIZE))
        .containsEntry("stillhouse.student", "tiny-conv")
        .containsEntry("stillhouse.recipe", "sard")
        .containsEntry("stillhouse.dataset", record.dataset())
        .containsEntry("stillhouse.weights", record.weightsDigest())
        .containsEntry("stillhouse.view", record.viewDigest())
        .containsEntry("stillhouse.view.teacher", "tiny-conv-drawn-scenes")
        .containsEntry("stillhouse.view.prompts", "") // it takes none
        .hasEntrySatisfying("stillhouse.view.encoder", d -> assertThat(d).matches("[0-9a-f]{64}"))
        .hasEntrySatisfying("stillhouse.view.decoder", d -> assertThat(d).matches("[0-9a-f]{64}"));
  }

  @Test
  void theSummaryIsComplete() throws IOException {
    JsonNode summary = bench.json("summary.json");
    assertThat(summary.get("ranks").asInt()).isEqualTo(4);
    assertThat(summary.get("mlflow").asText()).isEqualTo(bench.mlflow().uri());
    assertThat(summary.get("models").findValuesAsText("recipe"))
        .containsExactly("teacher", "naive-logit", "sard");
    for (JsonNode model : summary.get("models")) {
      for (String figure : List.of("iou", "boundary_iou", "dice", "onnx_bytes", "ms_per_image")) {
        assertThat(model.path(figure).isNumber()).as(figure).isTrue();
      }
      assertThat(model.get("mlflow_run").asText()).isNotBlank();
    }
  }

  @Test
  void countsOfImagesLieInTheWorkspace() {
    for (String run : RUNS) {
      Path table = folder.resolve("evaluations").resolve(run).resolve("test");
      assertThat(table.resolve("_SUCCESS")).exists();
      Score score = Score.read(bench.runs().resolve(run), "test").orElseThrow();
      assertThat(score.images()).isEqualTo("evaluations/" + run + "/test");
    }
  }

  /** A folder keeps its name when it is trained and exported again; its score must not stay. */
  @Test
  void aScoreIsReusedForTheSameFileOnly() throws IOException {
    Path again = copy("again", "run.json", "student.onnx", Score.FILE);
    String[] evaluate = {
      "evaluate", bench.data(), bench.root(), bench.tracking(), teacherOption(), "--run=again"
    };
    String score = Files.readString(again.resolve(Score.FILE));
    bench.done(evaluate);
    assertThat(again.resolve(Score.FILE)).hasContent(score);
    Files.copy(
        bench.runs().resolve(RUNS.get(1)).resolve("student.onnx"),
        again.resolve("student.onnx"),
        StandardCopyOption.REPLACE_EXISTING);
    bench.done(evaluate);
    Score other = Score.read(bench.runs().resolve(RUNS.get(1)), "test").orElseThrow();
    Score now = Score.read(again, "test").orElseThrow();
    assertThat(now.model() + now.samples()).isEqualTo(other.model() + other.samples());
    assertThat(now.metrics().get("iou")).isEqualTo(other.metrics().get("iou"));
  }

  @Test
  void anImageThatVanishedIsNamedWithItsRemedy() throws IOException {
    String uri =
        CacheTables.of("file:" + folder)
            .samples(bench.spark())
            .where("split = 'test'")
            .first()
            .getAs("image_uri");
    Path image = Path.of(URI.create(uri).getPath());
    Path away = Files.move(image, folder.resolve("away.png"));
    copy("vanished", "run.json", "student.onnx");
    Workbench.Said said =
        bench.said("evaluate", bench.data(), bench.root(), bench.tracking(), "--run=vanished");
    Files.move(away, image);
    assertThat(said.err())
        .startsWith("error: Unreadable image (not-readable): " + uri + " was ingested and can't be")
        .contains("Run the ingest job again, then cache, then evaluate")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
  }

  @Test
  void theComparisonGivesTheDifferenceOfTheTwoScores() throws IOException {
    JsonNode models = bench.json("summary.json").get("models");
    JsonNode pair = bench.json("compare.json").get("comparisons").get(0);
    JsonNode iou = pair.get("seeds").get(0).get("iou");
    double expected = models.get(2).get("iou").asDouble() - models.get(1).get("iou").asDouble();
    assertThat(iou.get("difference").asDouble()).isEqualTo(expected);
    assertThat(iou.get("low").asDouble()).isLessThanOrEqualTo(iou.get("high").asDouble());
    assertThat(pair.get("over_seeds").get("iou").get("mean").asDouble()).isEqualTo(expected);
    assertThat(bench.json("compare.json").get("not_compared")).isEmpty();
  }

  @Test
  void moreRanksThanExecutorsAreRefusedInASentence() {
    Workbench.Said said =
        bench.said(
            "train",
            bench.data(),
            bench.root(),
            bench.tracking(),
            "--recipe=scratch",
            "--name=wide",
            "--batch=8",
            "--ranks=8");
    assertThat(said.err()).startsWith("error: Cannot train with 8 ranks on local-cluster");
    assertThat(said.err()).doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(2);
  }

  @Test
  void aFileThatIsNoNetworkIsRefusedInASentence() throws IOException {
    Path broken = copy("broken", "run.json");
    Files.writeString(broken.resolve("student.onnx"), "no network");
    for (String job : List.of("evaluate", "cascade", "review")) {
      Workbench.Said said =
          bench.said(job, bench.data(), bench.root(), bench.tracking(), "--run=broken", teacher());
      assertThat(said.err())
          .startsWith("error: Cannot evaluate broken: ")
          .contains("student.onnx", "Bring the whole file back, or write it again: ")
          .doesNotContain("\tat ");
      assertThat(said.code()).as(job).isEqualTo(Stillhouse.BAD_INPUT);
    }
  }

  /** What the server missed is sent by the next export; what it has is not sent again. */
  @Test
  void anExportThatTheServerMissedIsToldOnce() throws IOException {
    Path run = bench.runs().resolve(RUNS.get(0));
    Path note = run.resolve("onnx.json");
    String told = Files.readString(note);
    assertThat(told).contains("\"tracked\" : true");
    Files.writeString(note, told.replace("\"tracked\" : true", "\"tracked\" : false"));
    String[] export = {"export", bench.root(), "--run=" + RUNS.get(0)};
    Workbench.Said away = bench.said(with(export, "--mlflow=http://127.0.0.1:9"));
    assertThat(away.err()).startsWith("error: Cannot reach an MLflow server");
    assertThat(note).content().contains("\"tracked\" : false");
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      String id = bench.record(RUNS.get(0)).mlflowRun();
      int before = client.getMetricHistory(id, "model/onnx_bytes").size();
      for (int again = 0; again < 2; again++) {
        bench.done(with(export, bench.tracking()));
        assertThat(note).hasContent(told);
        assertThat(client.getMetricHistory(id, "model/onnx_bytes")).hasSize(before + 1);
      }
    }
  }

  @Test
  void aCascadeFindsItsThresholdOnOneSplitAndTellsAnother() throws IOException {
    String[] cascade = {
      "cascade", bench.data(), bench.root(), bench.tracking(), "--run=" + RUNS.get(0), teacher()
    };
    assertThat(bench.said(with(cascade, "--split=val")).err())
        .startsWith("error: Invalid --split: val (must be another than --validate-split: ");
    assertThat(bench.said(with(cascade, "--reading=luck")).err())
        .startsWith(
            "error: Invalid --reading: luck (must be one of [entropy, softness, saliency])");
    assertThat(bench.said(with(cascade, "--variant=luck")).err())
        .startsWith("error: Invalid --variant: luck (must be one of [fp32, fp16, int8, ");
    assertThat(bench.said(with(cascade, "--variant=points")).err())
        .startsWith("error: No file of variant points in ")
        .contains("Run the export job with --variants points first.");
    bench.done(with(cascade, "--validate-split=train", "--student-share=0.5"));
    Path kept = bench.runs().resolve(RUNS.get(0)).resolve("cascade");
    JsonNode found = JsonFiles.JSON.readTree(kept.resolve("cascade.json").toFile());
    assertThat(kept.resolve("cascade.png")).isNotEmptyFile();
    JsonNode alone = found.get("student");
    assertThat(alone.get("asked").asInt()).isZero();
    assertThat(found.get("teacher").get("asked")).isEqualTo(alone.get("images"));
    Score score = Score.read(kept.getParent(), "test").orElseThrow();
    assertThat(found.get("model").asText()).isEqualTo(score.model());
    assertThat(found.at("/samples/test").asText()).isEqualTo(score.samples());
    assertThat(found.at("/leftOut/test")).isEmpty();
    for (String reading : List.of("entropy", "softness", "saliency")) {
      JsonNode curve = found.get(reading).get("test");
      assertThat(curve.get(0).get("asked")).isEqualTo(found.get("teacher").get("asked"));
      assertThat(curve.get(0).get("iou")).isEqualTo(found.get("teacher").get("iou"));
      assertThat(curve.get(0).get("millis").asDouble())
          .isCloseTo(
              alone.get("millis").asDouble() + found.get("encoderMillis").asDouble(), within(1e-9));
      JsonNode last = curve.get(curve.size() - 1);
      assertThat(last.get("iou")).isEqualTo(alone.get("iou"));
      assertThat(last.get("millis")).isEqualTo(found.get("studentMillis"));
      assertThat(found.get(reading).get("operatingPoint").get("threshold").asDouble())
          .isBetween(0.0, 1.0);
    }
  }

  /** As on a GPU's host, as far as the tool can see: MLflow's run learns of its engines. */
  private static void holdsEngines(Path run) throws Exception {
    String mlflow = bench.mlflow().uri();
    assertThat(EngineToolTest.ofRun(bench.folder(), RUNS.get(0), mlflow, folder.resolve("gpu")))
        .contains("  MLflow: " + mlflow + "/#/experiments/");
    String id = bench.record(RUNS.get(0)).mlflowRun();
    assertThat(bench.artifacts(id, "tensorrt/fp16"))
        .contains(
            "tensorrt/fp16/model.engine",
            "tensorrt/fp16/manifest.json",
            "tensorrt/fp16/profile.json",
            "tensorrt/fp16/timing.cache",
            "tensorrt/fp16/trtexec.log");
    try (var client = new MlflowClient(mlflow)) {
      assertThat(client.getMetricHistory(id, "tensorrt/median_ms_fp16")).hasSize(1);
      assertThat(client.getMetricHistory(id, "tensorrt/images_per_second")).hasSize(1);
      assertThat(client.getRun(id).getData().getTagsList())
          .extracting(t -> t.getKey(), t -> t.getValue().split(" \\(")[0])
          .contains(tuple("tensorrt_fp16", "built by TensorRT 11.1.0 on NVIDIA L4"));
    }
    JsonNode manifest =
        JsonFiles.JSON.readTree(run.resolve("variants/fp16/tensorrt/manifest.json").toFile());
    assertThat(manifest.at("/onnx/metadata/stillhouse.weights").asText())
        .isEqualTo(bench.record(RUNS.get(0)).weightsDigest());
    assertThat(manifest.at("/onnx/precision").asText()).isEqualTo("fp16");
  }

  /** What is for TensorRT can't be timed here, and so is not promoted from here. */
  private static void holdsCanaries(Path run, Path summary) throws IOException {
    CanaryReport fp16 = CanaryReport.read(run.resolve("variants/fp16")).orElseThrow();
    assertThat(fp16.checks())
        .extracting(Check::name)
        .containsExactly(
            "mask parity",
            "variance of logits",
            "variance of embedding",
            "boundary IoU",
            "latency");
    assertThat(fp16.verdict().failed())
        .singleElement()
        .asString()
        .startsWith(
            "FAILED  latency: not measured: the file is for TensorRT, which was not built (");
    assertThat(fp16.values().get("embedding_variance_share")).isCloseTo(1, within(0.05));
    CanaryReport small = CanaryReport.read(run.resolve("variants/int8-weight-only")).orElseThrow();
    assertThat(small.checks()).last().asString().startsWith("passed  size: ");
    assertThat(JsonFiles.JSON.readTree(summary.toFile()).get("models").findValuesAsText("canary"))
        .hasSize(3)
        .startsWith("FAILED latency");
    Workbench.Said refused =
        bench.said(
            "promote", bench.root(), bench.tracking(), "--run=" + RUNS.get(0), "--variant=fp16");
    assertThat(refused.code()).as(refused.err()).isEqualTo(Stillhouse.REFUSED);
  }

  @Test
  void aReportTellsOfTheWorkspace() throws Exception {
    Path page = folder.resolve("report/page.html");
    String[] report = {"report", bench.data(), bench.root(), teacher(), "--out=" + page};
    assertThat(bench.said(with(report, "--run=absent")).err())
        .startsWith("error: No trained run in ");
    assertThat(bench.said(with(report, "--run=teacher")).err())
        .startsWith(
            "error: Cannot report on [teacher]: not evaluated on split test. Run: bin/still");
    assertThat(bench.said(with(report, "--split=val")).err())
        .startsWith("error: No evaluated run in ")
        .contains("Run: bin/stillhouse evaluate --data ");
    assertThat(bench.said(with(report, "--bench=" + folder.resolve("summary.json"))).err())
        .startsWith("error: Invalid --bench: ");
    Path table = folder.resolve("evaluations").resolve(RUNS.get(0));
    Path aside = Files.move(table, folder.resolve("evaluations/aside"));
    try {
      assertThat(bench.said(report).err())
          .startsWith("error: Cannot report on " + RUNS.get(0) + ": its table of per-image counts ")
          .contains("is gone. Run: bin/stillhouse evaluate ");
    } finally {
      Files.move(aside, table);
    }
    Path onnx = bench.runs().resolve(RUNS.get(0)).resolve(RunRecord.ONNX);
    byte[] whole = Files.readAllBytes(onnx);
    Files.write(onnx, Arrays.copyOf(whole, whole.length / 2));
    try {
      assertThat(bench.said(report).err())
          .startsWith("error: Cannot evaluate " + RUNS.get(0) + ": Cannot load model ")
          .contains("Bring the whole file back, or write it again: ");
    } finally {
      Files.write(onnx, whole);
    }
    assertThat(page).doesNotExist();

    Path cascade = cascadeOfAnotherFile(RUNS.get(1));
    Path engine = scoreOfAnEngine(RUNS.get(0));
    holdsAFileThatOverflows(RUNS.get(1));
    bench.done(with(report, bench.tracking(), "--images=1", "--strata=" + lots()));
    Files.delete(engine);
    Files.delete(cascade);
    Files.delete(bench.runs().resolve(RUNS.get(1)).resolve("variants.json"));
    String text = Files.readString(page);
    assertThat(text)
        .contains("<th scope=\"row\">" + RUNS.get(1) + "<small>tiny-conv by sard, seed 0, ")
        .containsPattern("Not evaluated on split test, so not in this report: [^<]*\\bteacher\\b")
        .contains(">W: weight<", ">student&#39;s errors<", "among the worst: boundary IoU ")
        .contains(">feature-consistency<", ">learning rate<") // curves, as MLflow has them
        .contains("By size", "By class", "By lot", ">odd<")
        .contains("<th scope=\"row\">" + RUNS.get(0) + ".tensorrt<")
        .contains("its score is of an engine of another file than student.onnx is now")
        .contains("It is of another file than student.onnx is now; run the cascade job again.")
        .contains("It is of other images of split test than are there now; run the cascade job")
        .contains(RUNS.get(1) + ".fp16<small>not scored</small>")
        .contains(">finite answers<", "says no number: its logits ");
    JsonNode sard = bench.json("summary.json").get("models").get(2);
    assertThat(text)
        .contains(String.format(Locale.ROOT, ">%.4f<", sard.get("boundary_iou").asDouble()));
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      String id =
          client.getRun(bench.record(RUNS.get(1)).mlflowRun()).getData().getTagsList().stream()
              .filter(tag -> tag.getKey().equals("report_test"))
              .findFirst()
              .orElseThrow()
              .getValue();
      assertThat(bench.artifacts(id, "report")).contains("report/page.html");
    }
  }

  /** It says no number, and the rest is scored. */
  private static void holdsAFileThatOverflows(String run) throws IOException {
    overflow(bench.runs().resolve(run));
    Path summary = folder.resolve("overflow.json");
    bench.done(
        "evaluate",
        bench.data(),
        bench.root(),
        bench.tracking(),
        teacherOption(),
        "--run=" + String.join(",", RUNS),
        "--summary=" + summary);
    JsonNode found = JsonFiles.JSON.readTree(summary.toFile());
    assertThat(found.get("models").findValuesAsText("name"))
        .containsAll(RUNS)
        .doesNotContain(run + ".fp16");
    assertThat(found.at("/not_scored/" + run + ".fp16").asText())
        .isEqualTo("FAILED finite answers");
    Path scores = bench.runs().resolve(run).resolve("variants/fp16");
    assertThat(scores.resolve(Score.FILE)).doesNotExist();
    assertThat(CanaryReport.read(scores).orElseThrow().checks())
        .singleElement()
        .asString()
        .matches(
            "FAILED  finite answers: Cannot score sample \\w+ \\(file:.*\\.png\\): .*student\\.fp16\\.onnx"
                + " \\(\\w+\\) says no number: its logits \\[4, \\d+, \\d+] hold .*");
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      assertThat(client.getRun(bench.record(run).mlflowRun()).getData().getTagsList())
          .extracting(t -> t.getKey(), t -> t.getValue())
          .contains(tuple("canary_fp16", "FAILED finite answers"));
    }
  }

  /** Gives a run an FP16 file whose last product is beyond all numbers. */
  private static void overflow(Path run) throws IOException {
    byte[] fp32 = Files.readAllBytes(run.resolve("student.onnx"));
    ModelProto.Builder model = ModelProto.parseFrom(HalfModel.of(fp32)).toBuilder();
    GraphProto.Builder graph = model.getGraphBuilder();
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      if (node.getOutput(0).equals("logits")) {
        node.setOutput(0, "before");
      }
    }
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName("huge")
            .setDataType(TensorProto.DataType.FLOAT_VALUE)
            .addFloatData(Float.POSITIVE_INFINITY));
    graph.addNode(
        NodeProto.newBuilder()
            .setOpType("Mul")
            .addInput("before")
            .addInput("huge")
            .addOutput("logits"));
    byte[] broken = model.build().toByteArray();
    Files.write(run.resolve(Variant.FP16.file()), broken);
    VariantNote.write(
        run,
        List.of(
            VariantNotes.of(
                Variant.FP16, broken.length, Sha256.of(broken).hex(), Sha256.of(fp32).hex())));
  }

  /** As {@code evaluate --engines} leaves it on a GPU's host. */
  private static Path scoreOfAnEngine(String run) throws IOException {
    Path of = bench.runs().resolve(run);
    ObjectNode score = (ObjectNode) JsonFiles.JSON.readTree(of.resolve(Score.FILE).toFile());
    Path file = Variant.FP32.engine(of).resolve(Score.FILE);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, score.put("name", run + ".tensorrt").toString());
  }

  /** As a cascade leaves it, were its file exported and its images of split test changed since. */
  private static Path cascadeOfAnotherFile(String run) throws IOException {
    Path file = bench.runs().resolve(run).resolve(CascadeReport.JSON);
    Files.createDirectories(file.getParent());
    ObjectNode figures = JsonFiles.JSON.createObjectNode();
    figures.put("run", run).put("model", "another").put("split", "test");
    figures.putObject("samples").put("test", "others");
    return Files.writeString(file, figures.toString());
  }

  @Test
  void otherPrecisionsAreMadeScoredAndTimedBesideFp32() throws Exception {
    Path run = bench.runs().resolve(RUNS.get(0));
    String[] export = {"export", bench.root(), bench.tracking(), "--run=" + RUNS.get(0)};
    assertThat(bench.said(with(export, "--variants=int4")).err())
        .startsWith("error: Invalid --variants: int4 (must be among [fp32, fp16, int8, int8-cpu,");
    assertThat(bench.said(with(export, "--variants=int8-cpu", "--int8-float=Conv_99")).err())
        .startsWith("error: Invalid --int8-float: [Conv_99] (must be among [Conv_1, ");
    bench.done(
        with(
            export,
            "--variants=fp16,int8-cpu,int8-weight-only",
            "--calibration-images=6",
            "--strata=" + lots(),
            "--int8-limit=1"));
    assertThat(VariantNote.read(run))
        .extracting(VariantNote::variant)
        .containsExactly("fp16", "int8-cpu", "int8-weight-only");
    VariantNote int8 = VariantNote.read(run).get(1);
    assertThat(int8.images().values().stream().mapToLong(n -> n).sum()).isEqualTo(6);
    assertThat(int8.images().keySet())
        .allMatch(stratum -> stratum.contains("lot: "))
        .anyMatch(stratum -> stratum.contains("lot: odd, "))
        .anyMatch(stratum -> stratum.contains("lot: even, "));
    assertThat(int8.difference()).isPositive().isLessThan(1);
    Path summary = folder.resolve("precisions.json");
    bench.done(
        "evaluate",
        bench.data(),
        bench.root(),
        bench.tracking(),
        "--run=" + RUNS.get(0),
        "--summary=" + summary);
    Score score = Score.read(run.resolve("variants/int8-cpu"), "test").orElseThrow();
    holdsCanaries(run, summary);
    holdsEngines(run);
    assertThat(score.name()).isEqualTo(RUNS.get(0) + ".int8-cpu");
    assertThat(score.bytes()).isLessThan(Files.size(run.resolve("student.onnx")) / 2);
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      String id = bench.record(RUNS.get(0)).mlflowRun();
      assertThat(client.getMetricHistory(id, "test/dice_fp16")).hasSize(1);
      assertThat(client.getMetricHistory(id, "model/int8_weight_only_bytes")).hasSize(1);
      assertThat(client.getMetricHistory(id, "canary/mask_iou_int8_cpu")).hasSize(1);
      assertThat(client.getRun(id).getData().getTagsList())
          .extracting(t -> t.getKey(), t -> t.getValue())
          .contains(tuple("canary_fp16", "FAILED latency"));
    }
    Path json = folder.resolve("bench.json");
    bench.done(
        "bench",
        "--run=" + run,
        "--threads=1 --batch=2 --calls=3 --warmup=1 --provider=cpu,cuda",
        "--json=" + json);
    assertThat(JsonFiles.JSON.readTree(json.toFile()))
        .hasSize(4)
        .allSatisfy(
            line -> {
              assertThat(line.get("parameters").asLong())
                  .isEqualTo(bench.record(RUNS.get(0)).parameters());
              assertThat(line.get("resident_bytes").asLong()).isPositive();
              assertThat(line.get("latency_p50_ms").asDouble()).isPositive();
              assertThat(line.get("provider").asText()).isEqualTo("cpu");
            });
    Path cut = folder.resolve("cut.onnx");
    Files.write(cut, Arrays.copyOf(Files.readAllBytes(run.resolve("student.onnx")), 5000));
    Path whole = run.resolve("student.onnx");
    String[] both = {
      "bench", "--onnx=" + whole + "," + cut, "--threads=1", "--batch=1", "--calls=1"
    };
    assertThat(bench.said(with(both, "--json=" + json)).err())
        .startsWith("error: Cannot run " + cut + " on cpu, batch 1: ");
    assertThat(JsonFiles.JSON.readTree(json.toFile())).as("what could be timed").hasSize(1);
    assertThat(bench.said("bench").err()).startsWith("error: Nothing to time: give --onnx");
  }

  @Test
  void aTeacherIsNotTakenForAnotherNetworks() throws IOException {
    String[] freeze = {"freeze", bench.root(), "--out=" + folder.resolve("teacher")};
    String yaml = Files.readString(folder.resolve("teacher/teacher.yaml"));
    bench.done(with(freeze, "--run=teacher"));
    Workbench.Said said = bench.said(with(freeze, "--run=" + RUNS.get(0)));
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(said.err()).contains("the teacher there is of another network");
    assertThat(folder.resolve("teacher/teacher.yaml")).hasContent(yaml);
  }

  @Test
  void aWorkspaceThatWasMovedIsExportedWhereItLies() throws IOException {
    Path moved = folder.resolve("moved");
    for (String part :
        List.of("runs/" + RUNS.get(0), "checkpoints/" + RUNS.get(0), "cache/views")) {
      for (String file : bench.files(part)) {
        Path copy = moved.resolve(part).resolve(file);
        Files.createDirectories(copy.getParent());
        Files.copy(folder.resolve(part).resolve(file), copy);
      }
    }
    RunRecord record = RunRecord.read(moved.resolve("runs").resolve(RUNS.get(0)));
    assertThat(List.of(record.view(), record.checkpoint()))
        .as("places in the workspace")
        .noneMatch(place -> place.contains(":") || place.startsWith("/"));
    bench.done("export", "--root=" + moved, bench.tracking(), "--force");
    assertThat(moved.resolve("runs").resolve(RUNS.get(0)).resolve("student.onnx"))
        .hasSameBinaryContentAs(bench.runs().resolve(RUNS.get(0)).resolve("student.onnx"));
  }

  @Test
  void aBatchEndsAtTheJobThatFails() throws IOException {
    Path first = folder.resolve("batch/first");
    Path third = folder.resolve("batch/third");
    String scenes = "  - {title: %s, run: [scenes, --count=2, --out=%s]}\n";
    Path batch =
        Files.writeString(
            folder.resolve("batch.yaml"),
            "name: scenes\njobs:\n"
                + scenes.formatted("first", first)
                + "  - {title: second, run: [export, %s, --run=nobody]}\n".formatted(bench.root())
                + scenes.formatted("third", third));
    Workbench.Said said = bench.said("batch", batch.toString());
    assertThat(said.err()).startsWith("error: No trained run in ").doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(first).exists();
    assertThat(third).doesNotExist();
  }

  @Test
  void labelsOfNoImageAreRefused() {
    Workbench.Said said =
        bench.said(
            "train",
            bench.data(),
            bench.root(),
            bench.tracking(),
            TRAINING,
            "--recipe=scratch --name=unlabelled --labels=1e-9");
    assertThat(said.err()).startsWith("error: No label is left: ").doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
  }

  private static String[] with(String[] first, String... more) {
    return Stream.concat(Stream.of(first), Stream.of(more)).toArray(String[]::new);
  }

  private static void drawScenes() throws IOException {
    Path scenes = folder.resolve("scenes");
    bench.drawScenes(SCENES, SIZE);
    byte[] image = ImageCodec.encodePng(Scenes.draw(9, 0, SIZE).image());
    byte[] mask = ImageCodec.encodePng(Scenes.draw(9, 0, SIZE).mask());
    Files.writeString(scenes.resolve("images/unreadable.png"), "no picture");
    Files.write(scenes.resolve("masks/unreadable.png"), mask);
    Files.write(scenes.resolve("images/another-size.png"), image);
    Files.write(
        scenes.resolve("masks/another-size.png"),
        ImageCodec.encodePng(Scenes.draw(9, 0, 2 * SIZE).mask()));
  }

  /** Some files of the first run under another name. */
  private static Path copy(String name, String... files) throws IOException {
    Path copy = Files.createDirectories(bench.runs().resolve(name));
    for (String file : files) {
      Files.copy(bench.runs().resolve(RUNS.get(0)).resolve(file), copy.resolve(file));
    }
    return copy;
  }

  private static String teacherOption() {
    return "--teacher=" + folder.resolve("teacher/teacher.yaml");
  }
}
