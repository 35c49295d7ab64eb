package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import stillhouse.cache.Promotion;
import stillhouse.cache.PromotionTable;
import stillhouse.canary.Canary;
import stillhouse.canary.Check;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.jobs.Promoter.Decision;
import stillhouse.tracking.MlflowServer;
import stillhouse.tracking.ModelRegistry;
import stillhouse.tracking.TrackingServer;

/** Runs that nobody trained, a real registry and a real table. */
class PromoteCommandTest {
  private static final Path ONNX =
      Path.of("../eval/src/test/resources/models/tiny_segmenter.onnx").toAbsolutePath();
  private static final int IMAGES = 12;
  private static final Promoter.Terms TERMS = new Promoter.Terms(0.01, true, false);
  @TempDir static Path folder;
  private static MlflowServer mlflow;
  private static LocalSession session;
  private static TrackingServer server;
  private static RootOption root;

  /** What a command left. */
  private record Told(int code, String out, String err) {}

  @BeforeAll
  static void start() throws Exception {
    mlflow = MlflowServer.start(Files.createDirectory(folder.resolve("mlflow")));
    session = new LocalSession();
    server = TrackingServer.connect(mlflow.uri());
    root = CommandLine.populateCommand(new RootOption(), "--root=" + folder);
    run("good", 60, "images");
    run("better", 70, "images");
    run("close", 59, "images");
    run("worse", 40, "images");
    run("elsewhere", 70, "other images");
  }

  @AfterAll
  static void stop() {
    server.close();
    session.close();
    mlflow.close();
  }

  @Test
  void theFirstIsAllowedABetterOneFollowsAndAWorseOneChangesNothing() throws Exception {
    Told first = promote("--run=good", "--model=plates");
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.out())
        .contains("run good for model plates, which has no champion yet: the first is held against")
        .contains("promoted: model plates, version 1, run good, generation 1");
    assertChampion("plates", "1");

    Told worse = promote("--run=worse", "--model=plates");
    assertThat(worse.code()).isEqualTo(Stillhouse.REFUSED);
    assertThat(worse.out())
        .contains("champion is run good, version 1, generation 1")
        .contains("passed  same images as the champion's score: split test, 12 images")
        .containsPattern(
            "FAILED  boundary IoU: 0\\.2500, the champion's is 0\\.4286: difference -0\\.1786, 95% of"
                + " paired draws -0\\.\\d{4} to -0\\.\\d{4} \\(may fall by 0\\.0100\\)")
        .contains("REFUSED: run worse is not promoted; nothing was changed");
    assertChampion("plates", "1");
    assertThat(mlflow.get("/api/2.0/mlflow/model-versions/search?filter=name%3D%27plates%27"))
        .doesNotContain("\"run_id\": \"" + mlflowRun("worse") + "\"");

    Told better = promote("--run=better", "--model=plates");
    assertThat(better.code()).as(better.out() + better.err()).isZero();
    assertChampion("plates", "2");
    Promotion row = promotions().last("plates").orElseThrow();
    assertThat(row.generation()).isEqualTo(2);
    assertThat(row.previousVersion()).isEqualTo("1");
    assertThat(row.run()).isEqualTo("better");
    assertThat(row.onnxSha256()).isEqualTo(Sha256.ofFile(onnx("better")).hex());
    assertThat(row.figures()).containsKeys("boundary_iou", "boundary_iou_difference_low");
    assertThat(promote("--run=better", "--model=plates").out())
        .contains("run better is the champion already: nothing to do");
    assertThat(promotions().last("plates").orElseThrow()).isEqualTo(row);
  }

  @Test
  void aSmallFallPassesUnlessNoneIsAllowed() throws Exception {
    promote("--run=good", "--model=strict");
    assertThat(promote("--run=close", "--model=strict", "--max-boundary-drop=0").code())
        .isEqualTo(Stillhouse.REFUSED);
    assertThat(promote("--run=close", "--model=strict", "--max-boundary-drop=0.02").code())
        .isZero();
  }

  @Test
  void aFileOfAnotherPrecisionIsPromotedByItsCanaryAndHeldAgainstTheChampion() throws Exception {
    promote("--run=good", "--model=rounded");
    run("rounded", 61, "images");
    variant("rounded", Variant.INT8_CPU, 60);
    Told unseen = promote("--run=rounded", "--variant=int8-cpu", "--model=rounded");
    assertThat(unseen.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(unseen.err())
        .contains(
            "Cannot promote run rounded.int8-cpu: no canary has looked at this file on these images."
                + " Run: bin/stillhouse evaluate --data FILE --root "
                + folder
                + " --run rounded --split test");

    canary("rounded", Variant.INT8_CPU, true, true);
    Told done = promote("--run=rounded", "--variant=int8-cpu", "--model=rounded");
    assertThat(done.code()).as(done.out() + done.err()).isZero();
    assertThat(done.out())
        .contains(
            "run rounded.int8-cpu for model rounded; champion is run good, version 1, generation 1",
            "passed  canary, mask parity: IoU 0.9800",
            "promoted: model rounded, version 2, run rounded.int8-cpu, generation 2");
    assertChampion("rounded", "2");
    Promotion row = promotions().last("rounded").orElseThrow();
    assertThat(row.run()).isEqualTo("rounded");
    assertThat(row.variant()).isEqualTo("int8-cpu");
    assertThat(row.figures())
        .containsEntry("canary_mask_iou", 0.98)
        .containsKey("boundary_iou_difference");
    assertThat(mlflow.get("/api/2.0/mlflow/model-versions/get?name=rounded&version=2"))
        .contains("\"precision\"", "\"int8-cpu\"", "\"opset\"", "\"20\"", row.onnxSha256());
    assertThat(root.runs().resolve("rounded/variants/int8-cpu/model/MLmodel")).exists();
    assertThat(root.runs().resolve("rounded/model"))
        .as("the FP32 file's, which export writes")
        .doesNotExist();

    Told back = promote("--run=good", "--model=rounded");
    assertThat(back.out()).contains("champion is run rounded.int8-cpu, version 2, generation 2");
    assertThat(back.code()).as(back.out()).isZero();
  }

  @Test
  void aVariantThatFailsACheckIsRefusedAndOnlyALatencyMayBeAccepted() throws Exception {
    run("slow", 60, "images");
    variant("slow", Variant.FP16, 60);
    canary("slow", Variant.FP16, true, false);
    String[] slow = {"--run=slow", "--variant=fp16", "--model=slow"};
    Told refused = promote(slow);
    assertThat(refused.code()).isEqualTo(Stillhouse.REFUSED);
    assertThat(refused.out())
        .contains(
            "FAILED  canary, latency: not measured",
            "REFUSED: run slow.fp16 is not promoted; nothing was changed");
    assertThat(server.registry().alias("slow", ModelRegistry.CHAMPION)).isEmpty();
    assertThat(server.registry().owner("slow")).isEmpty();
    assertThat(promotions().last("slow")).isEmpty();

    Told accepted = promote("--run=slow", "--variant=fp16", "--model=slow", "--accept-latency");
    assertThat(accepted.code()).as(accepted.err()).isZero();
    assertThat(accepted.out())
        .contains("passed  canary, latency: not measured (accepted by --accept-latency)");
    assertThat(promotions().last("slow").orElseThrow().figures())
        .containsEntry("canary_latency_accepted", 1.0);

    canary("slow", Variant.FP16, false, true);
    Told broken = promote("--run=slow", "--variant=fp16", "--model=other", "--accept-latency");
    assertThat(broken.code()).isEqualTo(Stillhouse.REFUSED);
    assertThat(broken.out()).contains("FAILED  canary, mask parity: IoU 0.9800");
    brokenAnswers("slow", Variant.FP16);
    Told unscored = promote("--run=slow", "--variant=fp16", "--model=other", "--accept-latency");
    assertThat(unscored.code()).as(unscored.err()).isEqualTo(Stillhouse.REFUSED);
    assertThat(unscored.out())
        .contains(
            "FAILED  finite answers: Cannot score sample s0",
            "REFUSED: run slow.fp16 is not promoted; nothing was changed");
    assertThat(promote("--run=slow", "--variant=int8").err())
        .contains("No file of variant int8 in ", "Run the export job with --variants int8 first.");
    assertThat(promote("--run=slow", "--variant=int4").err())
        .contains("Invalid --variant: int4 (must be one of [fp32, fp16, int8, int8-cpu,");
    assertThat(promote("--run=slow", "--accept-latency").err())
        .contains("Give --accept-latency with --variant NAME: FP32 is what other precisions");
  }

  @Test
  void aModelBelongsToTheWorkspaceThatPromotedItFirst() throws Exception {
    promote("--run=good", "--model=shared");
    Path second = folder.resolve("second");
    for (String part : List.of("runs/better", "evaluations/better")) {
      FileUtils.copyDirectory(folder.resolve(part).toFile(), second.resolve(part).toFile());
    }
    String[] theirs = {"--root=" + second, "--run=better", "--model=shared"};
    for (String[] asked : List.of(theirs, with(theirs, "--challenger"))) {
      Told told = promoteIn(asked);
      assertThat(told.code()).isEqualTo(Stillhouse.BAD_INPUT);
      assertThat(told.err())
          .contains(
              "Cannot promote model shared at "
                  + mlflow.uri()
                  + ": it belongs to the workspace file:"
                  + folder
                  + " (table of promotions "
                  + promotions().id().orElseThrow()
                  + "), and this is file:"
                  + second
                  + ". Promote from there, give --model NAME")
          .contains("or --take-over to make it this workspace's.");
    }
    assertChampion("shared", "1");

    Told taken = promoteIn(with(theirs, "--take-over"));
    assertThat(taken.code()).as(taken.err()).isZero();
    assertChampion("shared", "2");
    assertThat(promote("--reconcile", "--model=shared").err())
        .contains("it belongs to the workspace file:" + second);
    assertThat(promote("--run=good", "--model=shared").code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertChampion("shared", "2");
    assertThat(promote("--reconcile", "--model=shared", "--take-over").out())
        .contains("says version 1 (run good, generation 1), and so does it now");
    assertChampion("shared", "1");
  }

  /** Another workspace's take-over, and another promotion, between the gate and the alias. */
  @Test
  void aChampionThatChangedAfterTheGateIsNotReplaced() throws Exception {
    promote("--run=good", "--model=overtaken");
    Promoter late = new Promoter(session.spark(), server, root, "overtaken");
    Decision decision = late.decide(contender("close"), new Promoter.Terms(0.05, true, false));
    assertThat(promote("--run=better", "--model=overtaken").code()).isZero();
    List<Integer> code = new ArrayList<>();
    assertThat(printed(() -> code.add(PromoteCommand.finish(late, decision))))
        .contains(
            "REFUSED: another promotion was first: generation 2 of model overtaken is run better,"
                + " version 2. Run close is its challenger (version 3)");
    assertThat(code).containsExactly(Stillhouse.REFUSED);
    assertChampion("overtaken", "2");

    server.registry().own("overtaken", new ModelRegistry.Owner("another", "s3a://theirs"));
    Decision again = late.decide(contender("good"), new Promoter.Terms(0.9, true, false));
    assertThatThrownBy(() -> PromoteCommand.finish(late, again))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "it belongs to the workspace s3a://theirs (table of promotions another)");
    assertChampion("overtaken", "2");
  }

  @Test
  void aTableOfBeforeThereWereOtherPrecisionsIsReadAsFp32AndGoesOn() throws Exception {
    Path now = folder.resolve("now");
    Promotion first = promotion(1, "fp32");
    PromotionTable.of(session.spark(), now.toUri().toString()).append(first);
    Path before = folder.resolve("before");
    session
        .spark()
        .read()
        .format("delta")
        .load(now.resolve("tables/promotions").toString())
        .drop("variant")
        .write()
        .format("delta")
        .save(before.resolve("tables/promotions").toString());
    PromotionTable table = PromotionTable.of(session.spark(), before.toUri().toString());
    assertThat(table.last("old")).hasValue(first);
    assertThat(first.name()).isEqualTo("good");
    Promotion second = promotion(2, "int8");
    assertThat(table.append(second)).isEqualTo(second);
    assertThat(table.last("old")).hasValue(second);
    assertThat(second.name()).isEqualTo("good.int8");
  }

  private static Promotion promotion(int generation, String variant) {
    return new Promotion(
        "id of " + generation,
        "old",
        generation,
        String.valueOf(generation),
        "",
        "good",
        variant,
        "mlflow run",
        "0".repeat(64),
        "test",
        "images",
        Map.of("iou", 0.5),
        Timestamp.from(Instant.ofEpochSecond(generation)));
  }

  @Test
  void ofTwoAtOnceOneIsChampionAndTheOtherIsToldSo() throws Exception {
    List<Callable<Integer>> promoters = new ArrayList<>();
    for (String run : List.of("good", "better")) {
      Promoter promoter = new Promoter(session.spark(), server, root, "raced");
      Decision decision = promoter.decide(contender(run), TERMS); // both saw no champion
      promoters.add(() -> PromoteCommand.finish(promoter, decision));
    }
    List<Integer> codes = new ArrayList<>();
    var threads = Executors.newFixedThreadPool(2);
    String out =
        printed(
            () -> {
              for (var code : threads.invokeAll(promoters)) {
                codes.add(code.get());
              }
            });
    threads.shutdown();
    assertThat(codes).containsExactlyInAnyOrder(0, Stillhouse.REFUSED);
    Promotion winner = promotions().last("raced").orElseThrow();
    assertThat(winner.generation()).isEqualTo(1);
    assertThat(out)
        .contains(
            "REFUSED: another promotion was first: generation 1 of model raced is run "
                + winner.run()
                + ", version "
                + winner.version());
    assertThat(winner.run()).isEqualTo(codes.get(0) == 0 ? "good" : "better");
    assertChampion("raced", winner.version());
  }

  @Test
  void aPromotionThatWasStoppedBeforeTheAliasIsFinishedByTheNext() throws Exception {
    Promoter stopped = new Promoter(session.spark(), server, root, "stopped");
    Decision decision = stopped.decide(contender("good"), TERMS);
    stopped.commit(decision, stopped.register(decision.contender()), Promoter.newId());
    assertThat(server.registry().alias("stopped", ModelRegistry.CHAMPION)).isEmpty();

    Told next = promote("--reconcile", "--model=stopped");
    assertThat(next.code()).as(next.err()).isZero();
    assertThat(next.out())
        .contains(
            "alias champion of model stopped pointed at none; the table of promotions says version"
                + " 1 (run good, generation 1), and so does it now");
    assertChampion("stopped", "1");
    assertThat(promote("--reconcile").out())
        .contains("alias champion of model stopped is where the table of promotions says");
  }

  @Test
  void anAliasThatWasMovedByHandIsPutRightBeforeAnythingElse() throws Exception {
    promote("--run=good", "--model=moved");
    assertThat(promote("--run=worse", "--model=moved", "--challenger").out())
        .contains("challenger of model moved: version 2, run worse");
    server.registry().setAlias("moved", ModelRegistry.CHAMPION, "2");
    Promoter promoter = new Promoter(session.spark(), server, root, "moved");
    assertThat(promoter.reconcile())
        .hasValue(
            "alias champion of model moved pointed at version 2; the table of promotions says"
                + " version 1 (run good, generation 1), and so does it now");
    server.registry().setAlias("moved", ModelRegistry.CHAMPION, "2");
    assertThat(promote("--run=worse", "--model=moved").code()).isEqualTo(Stillhouse.REFUSED);
    assertChampion("moved", "1");
  }

  @Test
  void aChampionThatNoPromotionMadeIsSaidAndCountsAsNone() {
    Promoter promoter = new Promoter(session.spark(), server, root, "foreign");
    String version = promoter.register(contender("good"));
    server.registry().setAlias("foreign", ModelRegistry.CHAMPION, version);
    assertThat(promoter.reconcile())
        .hasValue(
            "alias champion of model foreign points at version 1, which no promotion of this"
                + " workspace made: it counts as no champion");
  }

  @Test
  void aScoreOfOtherImagesOrOfAnotherFileNamesTheCommandToRun() throws Exception {
    promote("--run=good", "--model=compared");
    Told elsewhere = promote("--run=elsewhere", "--model=compared");
    assertThat(elsewhere.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(elsewhere.err())
        .contains(
            "Cannot compare run elsewhere with champion good: they were scored on different images"
                + " of split test (other images, images). Run: bin/stillhouse evaluate --data FILE"
                + " --root "
                + folder
                + " --run good,elsewhere --split test");
    run("exported-again", 60, "images");
    Files.write(onnx("exported-again"), onnxBytes("anew"));
    assertThat(promote("--run=exported-again").err())
        .contains("Cannot promote run exported-again: its score is of model ")
        .contains("--run exported-again --split test");
    assertThat(promote("--run=good", "--split=val").err())
        .contains("Cannot promote run good: it has no score on split val. Run: bin/stillhouse");
    assertThat(promote("--run=nobody").err()).contains("No trained run in ");
  }

  @Test
  void optionsThatContradictEachOtherAreRefused() throws Exception {
    assertThat(promote("--run=good", "--reconcile").err())
        .contains("Give --run NAME, or --reconcile without it");
    assertThat(promote("--run=good", "--max-boundary-drop=1.5").err())
        .contains("Invalid --max-boundary-drop: 1.5 (must be ≥ 0 and < 1)");
    assertThat(promote("--run=good", "--model=a/b").err()).contains("Invalid model name: 'a/b'");
  }

  private static void assertChampion(String model, String version) {
    assertThat(server.registry().alias(model, ModelRegistry.CHAMPION)).hasValue(version);
  }

  private static PromotionTable promotions() {
    return PromotionTable.of(session.spark(), root.uri());
  }

  private static Contender contender(String run) {
    return Contender.of(root.runs().resolve(run), Variant.FP32, "test", root, JobSession.hadoop());
  }

  private static String[] with(String[] options, String more) {
    return Stream.concat(Stream.of(options), Stream.of(more)).toArray(String[]::new);
  }

  private static Told promote(String... options) throws Exception {
    return promoteIn(with(options, "--root=" + folder));
  }

  private static Told promoteIn(String... options) throws Exception {
    List<String> args = new ArrayList<>(List.of("promote", "--mlflow=" + mlflow.uri()));
    args.addAll(List.of(options));
    StringWriter err = new StringWriter();
    List<Integer> code = new ArrayList<>();
    String out =
        printed(() -> code.add(Stillhouse.run(new PrintWriter(err), args.toArray(String[]::new))));
    return new Told(code.get(0), out, err.toString());
  }

  private interface Work {
    void run() throws Exception;
  }

  private static String printed(Work work) throws Exception {
    var bytes = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      work.run();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** A run that was trained, exported and scored: its boundaries meet the truth so far. */
  private static void run(String name, int met, String samples) throws IOException {
    Path run = Files.createDirectories(root.runs().resolve(name));
    Files.write(run.resolve(RunRecord.ONNX), onnxBytes(name));
    var tracked = server.start("plates", name, Map.of());
    tracked.finish(true);
    RunRecords.of(name, "sard", 10, tracked.id(), Map.of("dice", 0.5)).write(run);
    score(name, onnx(name), met, samples, tracked.id()).write(run);
  }

  private static Score score(String name, Path file, int met, String samples, String mlflowRun) {
    String table = root.imageTable(name, "test");
    images(table, met);
    double iou = met / (200.0 - met);
    return new Score(
        name,
        "student",
        "sard",
        "tiny-conv",
        0,
        1,
        1,
        "test",
        Map.of("iou", iou, "boundary_iou", iou, "images", (double) IMAGES),
        1L,
        1,
        1,
        "",
        "",
        Sha256.ofFile(file).hex(),
        samples,
        root.relative(table),
        mlflowRun);
  }

  /** A file of another precision, as it was exported and scored. */
  private static void variant(String run, Variant variant, int met) throws IOException {
    var file = new ScoredFile(root.runs().resolve(run), variant);
    Files.write(file.require(), onnxBytes(variant.word()));
    VariantNote.write(
        file.folder(),
        List.of(
            VariantNotes.of(
                variant, 1, Sha256.ofFile(file.require()).hex(), Sha256.ofFile(onnx(run)).hex())));
    score(file.name(run), file.require(), met, "images", mlflowRun(run)).write(file.scores());
  }

  private static void canary(String run, Variant variant, boolean parity, boolean latency) {
    canary(
        run,
        new ScoredFile(root.runs().resolve(run), variant),
        List.of(
            new Check("mask parity", parity, "IoU 0.9800", Map.of("mask_iou", 0.98)),
            Check.of("latency", latency, "not measured")));
  }

  private static void canary(String run, ScoredFile file, List<Check> checks) {
    new CanaryReport(
            Sha256.ofFile(file.require()).hex(),
            Sha256.ofFile(onnx(run)).hex(),
            "test",
            "images",
            "terms",
            checks)
        .write(file.scores());
  }

  /** As {@code evaluate} leaves a file that says no number. */
  private static void brokenAnswers(String run, Variant variant) throws IOException {
    var file = new ScoredFile(root.runs().resolve(run), variant);
    Files.delete(file.scores().resolve(Score.FILE));
    canary(run, file, List.of(Check.of(Canary.FINITE, false, "Cannot score sample s0")));
  }

  private static Path onnx(String run) {
    return root.runs().resolve(run).resolve(RunRecord.ONNX);
  }

  private static String mlflowRun(String run) {
    return RunRecord.read(root.runs().resolve(run)).mlflowRun();
  }

  /** The same network with another word in field 6 of its message, doc_string. */
  private static byte[] onnxBytes(String word) throws IOException {
    var bytes = new ByteArrayOutputStream();
    bytes.write(Files.readAllBytes(ONNX));
    bytes.write((6 << 3) | 2);
    bytes.write(word.length());
    bytes.write(word.getBytes(StandardCharsets.US_ASCII));
    return bytes.toByteArray();
  }

  /** Of 100 pixels that prediction and truth have each, so many are common, give or take two. */
  private static void images(String table, int met) {
    var longs = DataTypes.createArrayType(DataTypes.LongType, false);
    var type =
        new StructType()
            .add("sample_id", DataTypes.StringType, false)
            .add("group_id", DataTypes.StringType);
    List<String> counts = List.of("intersection", "predicted", "actual");
    for (String prefix : List.of("", "boundary_")) {
      for (String count : counts) {
        type = type.add(prefix + count, longs, false);
      }
    }
    List<Row> rows = new ArrayList<>();
    for (int image = 0; image < IMAGES; image++) {
      long[] common = {met + 2 * (image % 3 - 1), met + 2 * (image % 3 - 1)};
      long[] all = {100, 100};
      rows.add(RowFactory.create("s" + image, null, common, all, all, common, all, all));
    }
    session.spark().createDataFrame(rows, type).coalesce(1).write().parquet(table);
  }
}
