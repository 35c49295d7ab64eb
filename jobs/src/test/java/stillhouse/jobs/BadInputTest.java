package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfFiles;
import stillhouse.identity.Sha256;

/** What a user can mend: one sentence, no stack trace, exit code 2, and no Spark was started. */
class BadInputTest {
  private static final String NOBODY = "http://127.0.0.1:9";
  @TempDir Path folder;
  private Path data;

  @BeforeEach
  void describeData() throws IOException {
    data =
        Files.writeString(
            folder.resolve("data.yaml"),
            """
            name: plates
            classes: [scratch]
            sources:
              - images: images
                masks: masks
                split: hash
            input: {height: 96, width: 96}
            """);
  }

  @AfterEach
  void sparkWasNotStarted() {
    assertThat(SparkSession.getDefaultSession().isEmpty()).isTrue();
  }

  @Test
  void anUnknownRecipeKeyIsNamed() throws IOException {
    Path recipe = folder.resolve("mine.yaml");
    Files.writeString(recipe, Files.readString(conf("recipes/scratch.yaml")) + "temprature: 2\n");
    assertThat(refused(train("--recipe", recipe.toString())))
        .contains("Invalid configuration " + recipe, "temprature");
  }

  @Test
  void anUnknownRecipeComesWithItsNeighbours() {
    assertThat(refused(train("--recipe", "sadr")))
        .contains("sadr.yaml: no such file. Files there: ", "naive-logit.yaml", "sard.yaml");
  }

  @Test
  void aMissingVariableOfTheDataSetComesWithItsOption() {
    assertThat(refused("ingest", "--data", "drawn-scenes", "--root", folder.toString()))
        .contains("drawn-scenes.yaml: ", "no value for ${SCENES}", "--set SCENES=VALUE");
  }

  @Test
  void aSplitThatIngestMustFillIsASplit() {
    assertThat(refused("ingest", "--data", "x", "--root", "y", "--need", "train,tests"))
        .contains("Invalid --need: tests (must be one of [train, val, test])");
  }

  @Test
  void anAbsentMlflowServerIsNamed() {
    assertThat(refused(train("--recipe", "scratch", "--mlflow", NOBODY)))
        .contains("Cannot reach an MLflow server at " + NOBODY, "--mlflow");
  }

  /** Whoever is refused learns it before a job works for hours. */
  @Test
  void aServerThatIsAwayOrRefusesOrFailsIsNamedByEveryJobThatTellsIt() throws IOException {
    String run = "tiny-conv.scratch.s0";
    evaluated(run, "scratch", 10, "s");
    Path onnx = Files.writeString(folder.resolve("runs").resolve(run).resolve(RunRecord.ONNX), "x");
    scoreOf(run, Sha256.ofFile(onnx).hex());
    List<String[]> jobs =
        List.of(
            new String[] {"export", "--root", folder.toString(), "--run", run},
            new String[] {"promote", "--root", folder.toString(), "--run", run},
            new String[] {"evaluate", "--data=" + data, "--root=" + folder, "--run=" + run});
    AtomicInteger status = new AtomicInteger();
    HttpServer http = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    http.createContext("/health", exchange -> answer(exchange, 200));
    http.createContext("/api", exchange -> answer(exchange, status.get()));
    http.start();
    try {
      String uri = "http://127.0.0.1:" + http.getAddress().getPort();
      for (String[] job : jobs) {
        assertThat(refused(with(job, "--mlflow", NOBODY)))
            .contains("Cannot reach an MLflow server at " + NOBODY + ". Start one");
        for (int code : List.of(401, 403)) {
          status.set(code);
          assertThat(refused(with(job, "--mlflow", uri)))
              .contains(
                  "Cannot use MLflow at " + uri + ": HTTP " + code + " ill. It was asked with")
              .contains("set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME");
        }
        status.set(500);
        assertThat(refused(with(job, "--mlflow", uri)))
            .contains("Cannot use MLflow at " + uri + ": HTTP 500 ill. The server failed: its log");
      }
    } finally {
      http.stop(0);
    }
  }

  private static void answer(HttpExchange exchange, int status) throws IOException {
    byte[] body = "ill".getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Test
  void optionsOfInt8ThatCannotBeMeantAreRefused() throws IOException {
    record("tiny-conv.scratch.s0");
    String[] export = {
      "export", "--root", folder.toString(), "--mlflow", NOBODY, "--variants=int8-cpu"
    };
    assertThat(refused(with(export, "--calibration=luck")))
        .contains("Invalid --calibration: luck (must be one of [min-max, percentile, entropy])");
    for (String limit : List.of("-0.1", "NaN")) {
      assertThat(refused(with(export, "--int8-limit=" + limit)))
          .contains("Invalid --int8-limit: " + limit + " (must be ≥ 0");
    }
    assertThat(refused(with(export, "--calibration-images=0")))
        .contains("Invalid --calibration-images: 0 (must be ≥ 1");
    assertThat(refused(with(export, "--int8-limit=much"))).contains("--int8-limit", "much");
  }

  @Test
  void aCanaryThatCouldFindNothingIsRefused() throws IOException {
    record("tiny-conv.scratch.s0");
    Files.writeString(
        folder.resolve("runs/tiny-conv.scratch.s0").resolve(RunRecord.ONNX), "never opened");
    assertThat(refused(evaluate("--engines")))
        .contains("Cannot score engines: this build's ONNX Runtime runs on [cpu] alone. Build it");
    assertThat(refused(evaluate("--canary-images=63")))
        .contains("Invalid --canary-images: 63 (must be ≥ 64: fewer see less than the gate's own");
    for (String loose : List.of("parity=0.5", "variance=0.1", "latency=2", "boundary-drop=0.5")) {
      assertThat(refused(evaluate("--canary-" + loose)))
          .contains("Invalid --canary-" + loose.replaceAll("=.*", ": "))
          .contains("stricter than the gate's own limit, or that)");
    }
  }

  @Test
  void aMissingTeacherFileComesWithTheCommandThatGetsIt() throws IOException {
    Path teacher = teacher("npm:@somebody/teacher@1.0.0!encoder.onnx", "0".repeat(64));
    assertThat(refused(cache(teacher)))
        .contains("Cannot open teacher strict: no file ", "stillhouse teacher fetch strict");
  }

  @Test
  void aTeacherOfBoxesIsNotAskedByPoints() throws IOException {
    Files.writeString(data, "prompts: {source: saliency}\n", StandardOpenOption.APPEND);
    assertThat(refused(cache(conf("teachers/lite-medsam.yaml"))))
        .contains(
            "Cannot ask teacher lite-medsam for data set plates: its prompts are points (source: saliency), and the teacher answers boxes alone. Set prompts: {source: label-boxes} without a fallback, or name another teacher.");
  }

  @Test
  void anotherFileThanTheTeachersIsRefused() throws IOException {
    Files.writeString(folder.resolve("other.onnx"), "not that one");
    assertThat(refused(cache(teacher("file:other.onnx", "0".repeat(64)))))
        .contains("other.onnx for teacher strict: it has SHA-256 ", "expected " + "0".repeat(64));
  }

  @Test
  void whatNoTeacherCanBeAskedByPromptsIsRefused() throws IOException {
    String boxes = "--teacher=" + conf("teachers/lite-medsam.yaml");
    assertThat(refused(prompts(boxes, "--clicks=0")))
        .contains(
            "Invalid --clicks: 0 (must be 1 to 20; what a teacher takes of a point and a box is asked in any case)");
    assertThat(refused(prompts(boxes, "--limit=0"))).contains("Invalid --limit: 0 (must be ≥ 1");
    assertThat(refused(prompts(boxes, "--max-area=1.5")))
        .contains("Invalid --max-area: 1.5 (must be > 0 and ≤ 1)");
    assertThat(refused(prompts(boxes, "--min-area=0"))).contains("Invalid --min-area: 0");
    assertThat(refused(prompts(boxes, "--split=all"))).contains("Invalid --split: all");
    assertThat(refused(prompts("--teacher=lite-medsam,lite-medsam")))
        .contains("Invalid --teacher: two are named lite-medsam");
    assertThat(refused(prompts("--teacher=" + teacher("file:none.onnx", "0".repeat(64)))))
        .contains("Cannot ask teacher strict by prompts: it has no decoder (its YAML names none)");
  }

  private String[] prompts(String... more) {
    return with(
        new String[] {"prompts", "--data=" + data, "--root=" + folder, "--mlflow=" + NOBODY}, more);
  }

  @Test
  void aRunThatIsNotThereComesWithThoseThatAre() throws IOException {
    record("tiny-conv.scratch.s0");
    List<String[]> jobs =
        List.of(
            new String[] {"export", "--root=" + folder, "--run=nobody"},
            new String[] {"promote", "--root=" + folder, "--run=nobody", "--mlflow=" + NOBODY},
            new String[] {"bench", "--root=" + folder, "--run=nobody"},
            freeze("nobody"));
    for (String[] job : jobs) {
      assertThat(refused(job))
          .contains("No trained run in " + folder.resolve("runs/nobody") + ": run.json is missing.")
          .contains("Runs there: [tiny-conv.scratch.s0]");
    }
    Files.delete(folder.resolve("runs/tiny-conv.scratch.s0").resolve(RunRecord.FILE));
    assertThat(refused(freeze("nobody"))).contains("run.json is missing. Run the train job first.");
  }

  @Test
  void aRootThatIsNotThereIsSaidBeforeWhatItLacks() {
    String none = "--root=" + folder.resolve("none");
    List<String[]> jobs =
        List.of(
            new String[] {"stats", none},
            new String[] {"export", none},
            new String[] {"export", none, "--run=a"},
            new String[] {"gc", "--data=" + data, none},
            new String[] {"verify", "--data=" + data, none},
            new String[] {"train", "--data=" + data, none, "--recipe=scratch"},
            new String[] {"freeze", none, "--run=a", "--out=" + folder},
            new String[] {"bench", none, "--run=a"},
            new String[] {"promote", none, "--run=a"},
            new String[] {"promote", none, "--reconcile"},
            new String[] {"compare", none, "--pair=a,b"},
            new String[] {"compare", none, "--baseline=a", "--candidate=b"},
            new String[] {"evaluate", "--data=" + data, none, "--mlflow=" + NOBODY});
    for (String[] job : jobs) {
      assertThat(refused(job))
          .contains(
              "No workspace in ",
              folder + "/none: no such folder, or no permission to see it. Is --root right?")
          .contains("Otherwise run the ingest job first.");
    }
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void aTeacherThatWasFrozenIsNamedByItsFile() {
    assertThat(refused(train("--recipe=sard", "--teacher=wide-conv-plates")))
        .contains("wide-conv-plates.yaml: no such file. Files there: ", "mobile-sam.yaml")
        .contains("A teacher that 'freeze' or 'teacher adopt' made is named by its file, DIR/");
    assertThat(refused(train("--recipe=sard", "--teacher=" + folder.resolve("teacher.yaml"))))
        .contains("teacher.yaml: no such file")
        .doesNotContain("'freeze'");
  }

  @Test
  void aMissingExportIsSeenBeforeAnyRunIsEvaluated() throws IOException {
    record("tiny-conv.scratch.s0");
    assertThat(refused(evaluate()))
        .contains("No ONNX file in ", "student.onnx is missing. Run the export job first.");
  }

  @Test
  void aSplitThatThereIsNotIsRefused() throws IOException {
    record("tiny-conv.scratch.s0");
    assertThat(refused(evaluate("--split", "all")))
        .contains("Invalid --split: all (must be one of [train, val, test])");
    assertThat(
            refused(
                "report", "--data=" + data, "--root=" + folder, "--out=page.html", "--split=all"))
        .contains("Invalid --split: all (must be one of [train, val, test])");
  }

  @Test
  void strataOfFilesThatTakeNoImagesAreRefused() throws IOException {
    record("tiny-conv.scratch.s0");
    assertThat(refused("export", "--root=" + folder, "--variants=fp16", "--strata=known.csv"))
        .contains("Invalid --strata: no file is calibrated (must stand beside --variants int8");
    assertThat(refused("export", "--root=" + folder, "--variants=int8", "--strata=known.csv"))
        .contains("Cannot read strata known.csv: there is no such file");
  }

  @Test
  void aPartThatNothingNamesIsRefused() throws IOException {
    record("tiny-conv.scratch.s0");
    assertThat(refused(evaluate("--by", "size,glare")))
        .contains(
            "Invalid --by: glare (must be among [size, class]; --strata FILE.csv adds its columns)");
  }

  @Test
  void twoRunsOfOneNameAreRefused() {
    assertThat(refused(train("--recipe", "scratch,scratch")))
        .contains("Invalid --recipe: two runs are named tiny-conv.scratch.s0 (give each ");
  }

  @Test
  void namesAreNotWrittenOverAFolder() {
    assertThat(refused(train("--recipe", "scratch", "--names-out", folder.toString())))
        .contains("Invalid --names-out: " + folder + " (must be a file)");
  }

  @Test
  void aRootThatSparkTakesForAPatternIsRefused() throws IOException {
    for (String name : List.of("run[1]", "run{a,b}", "run*", "run?")) {
      assertThat(
              refused(
                  "compare",
                  "--root",
                  folder.resolve(name).toString(),
                  "--baseline=sard",
                  "--candidate=scratch"))
          .contains("Invalid --root: file:" + folder.resolve(name) + " (Spark takes a path");
    }
  }

  @Test
  void whatIsNoAddressOfAServerIsRefused() {
    for (String uri :
        List.of("mlruns", "ftp://h", "http://", "http://a b", "file:///m", "http://a_b:5000")) {
      assertThat(refused(train("--recipe", "scratch", "--mlflow", uri)))
          .contains("Invalid MLflow server: '" + uri + "' (must be http:// or https://");
    }
  }

  @Test
  void anAddressWithAPasswordIsRefusedWithoutRepeatingIt() {
    for (String uri :
        List.of("https://eve:s3cret@h", "http://e:s3cr@et@h:5000/m", "http://e:s3cret/@h")) {
      assertThat(refused(train("--recipe", "scratch", "--mlflow", uri)))
          .contains("Invalid MLflow server: 'http", "://***@h")
          .doesNotContain("s3cr");
    }
    assertThat(refused(train("--recipe", "scratch", "--mlflow", "https://eve:s3cret@h")))
        .contains("set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD");
  }

  @Test
  void scenesAreNotDrawnIntoAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThat(refused("scenes", "--out", file.toString()))
        .contains("Cannot write scenes to ", file + " is a file; give a folder");
  }

  @Test
  void aRecordThatIsNotWholeIsSaid() throws IOException {
    Path run = Files.createDirectories(folder.resolve("runs/half"));
    Files.writeString(run.resolve(RunRecord.FILE), "{}");
    assertThat(refused(freeze("half")))
        .contains("Cannot read " + run.resolve(RunRecord.FILE) + ": name is missing. Remove it");
    Files.writeString(run.resolve(RunRecord.FILE), "{\"name\": \"ha");
    assertThat(refused(compare("scratch", "sard"))).contains("Cannot read " + run);
  }

  @Test
  void aMisspeltOptionOfABatchsLastJobIsSeenBeforeTheFirst() throws IOException {
    Path batch = folder.resolve("nightly.yaml");
    String jobs = "name: nightly\njobs:\n  - run: [scenes, --out, %s]\n".formatted(scenes());
    Files.writeString(batch, jobs + "  - {title: the rest, run: [ingest, --data, x, --rot, y]}\n");
    assertThat(refused("batch", batch.toString()))
        .contains("Invalid batch " + batch + ": jobs[1] (the rest): ", "--root");
    Files.writeString(batch, jobs + "  - run: [batch, other.yaml]\n");
    assertThat(refused("batch", batch.toString()))
        .contains("jobs[1] (batch other.yaml): 'batch' is no job of a batch");
    Files.writeString(batch, jobs + "  - run: [--version]\n");
    assertThat(refused("batch", batch.toString())).contains("it must begin with a job");
    Files.writeString(batch, jobs + "  - run: [teacher]\n");
    assertThat(refused("batch", batch.toString())).contains("it must begin with a job");
    Files.writeString(batch, jobs + "  - run: [train, --help]\n");
    assertThat(refused("batch", batch.toString())).contains("help is no job of a batch");
    assertThat(scenes()).doesNotExist();
  }

  @Test
  void aMisspeltNameOfABatchsLastJobIsSeenBeforeTheFirst() throws IOException {
    String train =
        "train, --data, neu/x.yaml, --root, y, --recipe, \"sard,%s\", --student, %s, --teacher, %s";
    assertThat(refusedAfterScenes(train.formatted("srd", "tiny-conv", "mobile-sam")))
        .contains("jobs[1] (train ", "conf/recipes/srd.yaml: no such file");
    assertThat(refusedAfterScenes(train.formatted("sard", "tiny", "mobile-sam")))
        .contains("conf/students/tiny.yaml: no such file");
    assertThat(refusedAfterScenes(train.formatted("sard", "tiny-conv", "mobile")))
        .contains("conf/teachers/mobile.yaml: no such file");
    assertThat(refusedAfterScenes("cache, --data, neu/x.yaml, --root, y, --teacher, mobile"))
        .contains("conf/teachers/mobile.yaml: no such file");
    assertThat(refusedAfterScenes("ingest, --data, neu, --root, y"))
        .contains("conf/datasets/neu.yaml: no such file");
    assertThat(refusedAfterScenes("ingest, --data, neu-seg, --root, y"))
        .contains("no value for ${NEU_SEG} (given: none)");
    String late = train.formatted("sard", "tiny-conv", "out/frozen.yaml");
    assertThat(refusedAfterScenes(late, train.formatted("srd", "tiny-conv", "mobile-sam")))
        .as("a job ahead may write a file that is named by its path")
        .contains("jobs[2] (train ", "conf/recipes/srd.yaml: no such file");
    assertThat(scenes()).doesNotExist();
  }

  private String refusedAfterScenes(String... jobs) throws IOException {
    Path batch = folder.resolve("nightly.yaml");
    String text = "name: nightly\njobs:\n  - run: [scenes, --out, %s]\n".formatted(scenes());
    for (String job : jobs) {
      text += "  - run: [" + job + "]\n";
    }
    Files.writeString(batch, text);
    return refused("batch", batch.toString());
  }

  private Path scenes() {
    return folder.resolve("scenes");
  }

  @Test
  void runsAreNamedOnce() throws IOException {
    Path names = Files.writeString(folder.resolve("runs.txt"), "\n");
    assertThat(refused("export", "--root", folder.toString(), "--runs-from", names.toString()))
        .contains("Invalid --runs-from: " + names + " names no run");
    assertThat(
            refused(
                "export",
                "--root",
                folder.toString(),
                "--run=a",
                "--runs-from",
                folder.resolve("none").toString()))
        .contains("(not beside --run)");
  }

  @Test
  void ranksMustDivideTheBatch() {
    assertThat(refused(train("--recipe", "scratch", "--batch", "10", "--ranks", "4")))
        .contains("Invalid --batch: 10 (must be a multiple of the 4 ranks)");
    assertThat(refused(train("--recipe", "scratch", "--batch", "8", "--accumulation", "3")))
        .contains("Invalid --accumulation: 3 (must be 1 to the 2 samples of a rank's share");
  }

  @Test
  void aRecipeThatNeedsATeacherSaysSo() {
    assertThat(refused(train("--recipe", "sard")))
        .contains("Recipe sard learns from a teacher's answers. Give --teacher NAME.");
  }

  @Test
  void aRecipeOfLogitsRefusesATeacherThatGivesNone() throws IOException {
    Path file = Files.writeString(folder.resolve("encoder.onnx"), "never opened");
    Path teacher = teacher("file:encoder.onnx", Sha256.of(Files.readAllBytes(file)).hex());
    Files.writeString(teacher, Files.readString(teacher).replace("logits: logits\n", ""));
    assertThat(refused(train("--recipe", "sard-logit", "--teacher", teacher.toString())))
        .contains(
            "Recipe sard-logit learns from a teacher's logits, and teacher strict gives none");
  }

  @Test
  void scenesThatCannotBeDrawnAreRefused() {
    assertThat(refused("scenes", "--out", folder.resolve("s").toString(), "--size", "8"))
        .contains("Invalid scene size: 8 (must be 32…4096)");
  }

  @Test
  void recipesToCompareMustHaveRuns() throws IOException {
    record("tiny-conv.scratch.s0");
    assertThat(refused(compare("scratch", "sard")))
        .contains("No run of recipe sard in ", "Recipes there: scratch");
    record("tiny-conv.sard.s0", "sard", 1);
    assertThat(refused(compare("scratch", "sard")))
        .contains("No two runs to compare", "tiny-conv.scratch.s0: not evaluated yet");
  }

  @Test
  void aRecipeIsComparedOnceAndNotWithItself() {
    assertThat(refused(compare("sard", "scratch,scratch")))
        .contains("Invalid --candidate: scratch (is named twice)");
    assertThat(refused(compare("sard", "sard")))
        .contains("Invalid --candidate: sard (is the baseline)");
  }

  @Test
  void aPairIsTwoScoresOfTheSameImagesAndClasses() throws IOException {
    assertThat(refused("compare", "--root", folder.toString()))
        .contains("Nothing to compare: give --baseline RECIPE and --candidate RECIPE, or --pair");
    assertThat(refused(pair("a"))).contains("Invalid --pair: a (must be two names, A,B)");
    assertThat(refused(pair("a,a"))).contains("Invalid --pair: a,a (must be two names, A,B)");
    assertThat(refused(with(pair("a,b"), "--student=tiny-conv")))
        .contains("Give --pair without --baseline, --candidate, --student");
    evaluated("tiny-conv.scratch.s0", "scratch", 300, "s");
    evaluated("wide-conv.sard.s1", "sard", 2000, "t");
    assertThat(refused(pair("tiny-conv.scratch.s0,wide-conv.sard.s1")))
        .contains("Cannot compare tiny-conv.scratch.s0: no file ", "; evaluate it again");
    counted("tiny-conv.scratch.s0", "pit");
    String both = "tiny-conv.scratch.s0,wide-conv.sard.s1";
    assertThat(refused(pair("tiny-conv.scratch.s0,sam")))
        .contains("No score of sam in ", "one of those there: " + both.replace(",", ", "));
    counted("wide-conv.sard.s1", "dent");
    assertThat(refused(pair(both)))
        .contains("Cannot compare wide-conv.sard.s1 with tiny-conv.scratch.s0")
        .contains("they were scored on different classes ([dent], [pit])");
    counted("wide-conv.sard.s1", "pit");
    assertThat(refused(pair(both)))
        .contains(
            "they were scored on different images (t, s). Run the evaluate job on both again");
    Files.writeString(folder.resolve("runs/wide-conv.sard.s1/student.onnx"), "exported again");
    assertThat(refused(pair(both)))
        .contains("Cannot compare wide-conv.sard.s1: its score is of another file than ");
  }

  @Test
  void aNameThatIsNoFolderOfTheRunsIsRefused() {
    for (String name : List.of("../escaped", "", "a,b")) {
      assertThat(refused(train("--recipe", "scratch", "--name", name)))
          .contains("Invalid --name: '" + name + "' (must be letters");
    }
  }

  @Test
  void aLearningRateAndAGridHaveTheLimitsOfARecipes() {
    for (String rate : List.of("50", "1e400", "0")) {
      assertThat(refused(train("--recipe", "scratch", "--learning-rate", rate)))
          .contains("Invalid --learning-rate: ", "(must be > 0 and <= 1)");
    }
    assertThat(refused(train("--recipe", "scratch", "--grid", "0")))
        .contains("Invalid --grid: 0 (must be 1 to 1024)");
  }

  @Test
  void runsOfUnequalStepsAreNotCompared() throws IOException {
    evaluated("tiny-conv.scratch.s0", "scratch", 300, "s");
    evaluated("tiny-conv.sard.s0", "sard", 2000, "s");
    assertThat(refused(compare("scratch", "sard")))
        .contains(
            "Cannot compare tiny-conv.sard.s0 (2000 steps of 16 at 0.001, view view)",
            "with tiny-conv.scratch.s0 (300 steps of 16 at 0.001, view view)",
            "or give --unequal");
  }

  @Test
  void runsScoredOnDifferentImagesAreNotCompared() throws IOException {
    evaluated("tiny-conv.scratch.s0", "scratch", 2000, "s");
    evaluated("tiny-conv.sard.s0", "sard", 2000, "t");
    assertThat(refused(compare("scratch", "sard")))
        .contains("they were scored on different images (t, s). Run the evaluate job");
  }

  @Test
  void aRunWhoseScoreIsOfAnotherFileIsNotCompared() throws IOException {
    evaluated("tiny-conv.scratch.s0", "scratch", 2000, "s");
    evaluated("tiny-conv.sard.s0", "sard", 2000, "s");
    Files.writeString(folder.resolve("runs/tiny-conv.sard.s0/student.onnx"), "exported again");
    assertThat(refused(compare("scratch", "sard")))
        .contains("tiny-conv.sard.s0: its score is of another ONNX file; evaluate it again");
  }

  @Test
  void anUnknownOptionIsAUsageError() {
    StringWriter err = new StringWriter();
    assertThat(Stillhouse.run(new PrintWriter(err), "ingest", "--data=x", "--root=y", "--dta"))
        .isEqualTo(2);
    assertThat(err.toString()).contains("--dta").contains("'stillhouse ingest --help' lists");
  }

  static String refused(String... args) {
    StringWriter err = new StringWriter();
    int code = Stillhouse.run(new PrintWriter(err), args);
    assertThat(err.toString()).startsWith("error: ").doesNotContain("\tat ");
    assertThat(code).as(err.toString()).isEqualTo(2);
    return err.toString();
  }

  private String[] train(String... more) {
    return with(
        new String[] {"train", "--data", data.toString(), "--root", folder.toString()}, more);
  }

  private String[] cache(Path teacher) {
    return with(
        new String[] {"cache", "--data", data.toString(), "--root", folder.toString()},
        "--teacher",
        teacher.toString());
  }

  private String[] evaluate(String... more) {
    String[] evaluate = {"evaluate", "--data=" + data, "--root=" + folder, "--mlflow=" + NOBODY};
    return with(evaluate, more);
  }

  private String[] freeze(String run) {
    String out = folder.resolve("frozen").toString();
    return new String[] {"freeze", "--root", folder.toString(), "--run", run, "--out", out};
  }

  private String[] pair(String names) {
    return new String[] {"compare", "--root", folder.toString(), "--pair", names};
  }

  /** What an evaluation leaves beside a score, as far as it names classes. */
  private void counted(String run, String classes) throws IOException {
    Files.writeString(
        folder.resolve("runs").resolve(run).resolve("evaluation-test.json"),
        "{\"counts\": [{\"class\": \"(foreground)\"}, {\"class\": \"" + classes + "\"}]}");
  }

  private String[] compare(String baseline, String candidate) {
    return new String[] {
      "compare", "--root", folder.toString(), "--baseline", baseline, "--candidate", candidate
    };
  }

  /** What stands first, and more after it. */
  private static String[] with(String[] first, String... more) {
    return Stream.concat(Stream.of(first), Stream.of(more)).toArray(String[]::new);
  }

  private static Path conf(String file) {
    return ConfFiles.home().resolve("conf").resolve(file);
  }

  private Path teacher(String source, String sha256) throws IOException {
    return Files.writeString(
        folder.resolve("strict.yaml"),
        """
        name: strict
        engine: onnxruntime
        device: cpu
        files:
          encoder: {source: "%s", sha256: "%s"}
        input:
          {name: image, height: 96, width: 96, resize: direct, scale: 0..1, mean: [0.0, 0.0, 0.0], std: [1.0, 1.0, 1.0]}
        layers: {embedding: embedding}
        embedding: embedding
        logits: logits
        """
            .formatted(source, sha256));
  }

  private void record(String name) {
    record(name, "scratch", 1);
  }

  private void record(String name, String recipe, long steps) {
    RunRecords.of(name, recipe, steps, "run", Map.of()).write(folder.resolve("runs").resolve(name));
  }

  private void evaluated(String name, String recipe, long steps, String samples)
      throws IOException {
    record(name, recipe, steps);
    score(name, recipe, samples, "m");
  }

  private void scoreOf(String name, String model) throws IOException {
    score(name, "scratch", "s", model);
  }

  private void score(String name, String recipe, String samples, String model) throws IOException {
    Path images = Files.createDirectories(folder.resolve("evaluations").resolve(name));
    new Score(
            name,
            "student",
            recipe,
            "tiny-conv",
            0,
            1,
            4,
            "test",
            Map.of(),
            1L,
            1,
            1,
            "",
            "",
            model,
            samples,
            "file:" + images,
            "run")
        .write(folder.resolve("runs").resolve(name));
  }
}
