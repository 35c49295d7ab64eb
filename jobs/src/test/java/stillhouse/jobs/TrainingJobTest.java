package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.tracking.MlflowClient;
import stillhouse.conf.ConfFiles;
import stillhouse.tracking.MlflowServer;
import stillhouse.tracking.TrackingServer;

/**
 * What train does about runs that are there and a server that is not: one executor, a real MLflow
 * server.
 */
class TrainingJobTest implements WatchedRunTests, PromptedRunTests {
  private static final String FIRST = ALONE;
  private static final String SWEEP =
      """
      name: pair
      students: [tiny-conv]
      seeds: [0, 1]
      ranks: 1
      every: {batch: 4, epochs: 1}
      baseline: slow
      runs:
        - {name: slow, recipe: scratch, learningRate: 0.001}
        - {name: fast, recipe: scratch, learningRate: 0.01}
      """;

  @TempDir static Path folder;
  private static Workbench bench;

  @BeforeAll
  static void trainOne() throws Exception {
    bench = new Workbench(folder, 1);
    bench.drawScenes(24, 96);
    bench.done("ingest", bench.data(), bench.root());
    bench.done(train("--name=" + FIRST));
    WatchedRunTests.train(bench);
  }

  @Override
  public Workbench bench() {
    return bench;
  }

  @AfterAll
  static void stop() {
    if (bench != null) {
      bench.close();
    }
  }

  @Test
  void aTrainedRunIsLeftAloneAndNamed() throws IOException {
    RunRecord before = bench.record(FIRST);
    Path names = folder.resolve("names.txt");
    bench.done(train("--name=" + FIRST, "--names-out=" + names));
    assertThat(bench.record(FIRST)).isEqualTo(before);
    assertThat(names).content().isEqualTo(FIRST + "\n");
  }

  /** In a workspace of its own, whose views are a month old. */
  @Test
  void gcTakesAViewOnceNoRunCanNeedIt() throws IOException {
    assertThat(bench.files("cache/pins")).as("a trained run").isEmpty();
    Path root = folder.resolve("collected");
    for (String part : List.of("tables", "cache/views", "checkpoints/first", "runs/first")) {
      for (String file : bench.files(part)) {
        Path copy = root.resolve(part).resolve(file);
        Files.createDirectories(copy.getParent());
        Files.copy(folder.resolve(part).resolve(file), copy);
      }
    }
    String view = bench.record(FIRST).viewDigest();
    Path info = root.resolve("cache/views").resolve(view).resolve("view.json");
    Files.setLastModifiedTime(info, FileTime.from(Instant.now().minus(Duration.ofDays(30))));
    gc(root);
    assertThat(info).as("its record names it").exists();

    Files.delete(root.resolve("runs/first/run.json"));
    gc(root);
    assertThat(info).as("a run with checkpoints whose view nobody names").exists();
    RunPins pins = new RunPins(bench.spark(), "file:" + root);
    pins.training(FIRST, view).leave();
    gc(root);
    assertThat(info).as("pinned, and not trained").exists();
    assertThat(pins.holding(List.of())).as("alive").hasSize(1);

    FileUtils.deleteDirectory(root.resolve("checkpoints/first").toFile());
    Path pin = root.resolve("cache/pins/train-first.json");
    Files.writeString(
        pin, Files.readString(pin).replaceAll("\"heartbeat\":\\d+", "\"heartbeat\":0"));
    Files.deleteIfExists(pin.resolveSibling(".train-first.json.crc")); // of the file as it was
    gc(root);
    assertThat(info).as("given up").doesNotExist();
    assertThat(pins.all()).isEmpty();
  }

  private static void gc(Path root) {
    bench.done("gc", bench.data(), "--root=" + root, "--no-vacuum");
  }

  @Test
  void aTrainedRunOfOtherTermsIsRefused() throws IOException {
    RunRecord before = bench.record(FIRST);
    Workbench.Said said = bench.said(train("--name=" + FIRST, "--seed=5"));
    assertThat(said.err())
        .startsWith("error: Cannot take run first in " + folder.resolve("runs/first"))
        .contains("its identity is " + before.identity() + ", this command's is ")
        .contains("Give another --name, or remove ")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(2);
    assertThat(bench.record(FIRST)).isEqualTo(before);
  }

  @Test
  void anotherRunsCheckpointsAreRefusedBeforeAnythingIsWritten() throws IOException {
    Path strange = folder.resolve("checkpoints/strange");
    for (String file : bench.files("checkpoints/first")) {
      Files.createDirectories(strange.resolve(file).getParent());
      Files.copy(folder.resolve("checkpoints/first").resolve(file), strange.resolve(file));
    }
    Workbench.Said said = bench.said(train("--name=strange", "--seed=5"));
    assertThat(said.err())
        .startsWith("error: Cannot resume from checkpoint file:" + strange)
        .contains("it is of a run of identity " + bench.record(FIRST).identity())
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(2);
    assertThat(bench.files("checkpoints/strange")).isEqualTo(bench.files("checkpoints/first"));
    assertThat(folder.resolve("runs/strange")).doesNotExist();
  }

  @Test
  void aWarmUpThatIsLongerThanTheRunIsRefused() throws IOException {
    Path recipe = folder.resolve("warm.yaml");
    String scratch = Files.readString(ConfFiles.find("recipes", "scratch"));
    Files.writeString(recipe, scratch.replace("warmupEpochs: 0", "warmupEpochs: 2"));
    Workbench.Said said =
        bench.said(
            "train",
            bench.data(),
            bench.root(),
            bench.tracking(),
            "--name=warm --epochs=1 --batch=4 --ranks=1 --recipe=" + recipe);
    assertThat(said.err())
        .startsWith("error: Cannot train by recipe scratch for 1 epochs: Invalid training.schedule")
        .contains("warmupEpochs: 2.0 (must be < training.epochs, 1)")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
  }

  @Test
  void aReviewWithoutAnyAnswerIsRefusedBeforeTraining() throws IOException {
    Path teacher = folder.resolve("mute");
    bench.done("freeze", bench.root(), "--run=" + FIRST, "--out=" + teacher);
    Workbench.Said said =
        bench.said(
            train(
                "--name=unreviewed",
                "--review-every=1",
                "--teacher=" + teacher.resolve("teacher.yaml")));
    assertThat(said.err())
        .startsWith("error: Nothing to review in split train: teacher ")
        .contains("has answered about none of its samples. Run the cache job first.")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(folder.resolve("runs/unreviewed")).doesNotExist();
    assertThat(bench.files("cache/pins")).as("of a run that never began").isEmpty();
  }

  @Test
  void aServerThatGoesAwayEndsNoRun() throws Exception {
    List<String> runs = List.of("tiny-conv.scratch.s7", "tiny-conv.scratch.s8");
    MlflowServer away = MlflowServer.start(Files.createDirectory(folder.resolve("away")));
    String[] command = train("--seed=7,8", "--mlflow=" + away.uri());
    Thread end = new Thread(() -> closeAt(folder.resolve("checkpoints/" + runs.get(0)), away));
    end.start();
    Workbench.Said said = bench.said(command);
    end.join();
    assertThat(said.err())
        .startsWith("error: 2 of 2 runs are trained, but not complete in MLflow. Run the same ")
        .containsSubsequence(
            "  " + runs.get(0) + ": MLflow was not told ",
            "that it is trained",
            "  " + runs.get(1) + ": MLflow was not told ",
            "of the run at all");
    assertThat(said.code()).isEqualTo(Stillhouse.FAILED);
    List<String> checkpoints = runs.stream().map(run -> bench.record(run).checkpoint()).toList();
    assertThat(bench.record(runs.get(1)).mlflowRun()).isEmpty();

    try (MlflowServer back = away.restart();
        var client = new MlflowClient(back.uri())) {
      bench.done(command);
      for (String run : runs) {
        assertThat(client.getRun(bench.record(run).mlflowRun()).getInfo().getStatus().name())
            .isEqualTo("FINISHED");
        assertThat(folder.resolve("runs").resolve(run).resolve(RunTracking.INCOMPLETE))
            .doesNotExist();
      }
    }
    assertThat(runs.stream().map(run -> bench.record(run).checkpoint()).toList())
        .as("nothing was trained anew")
        .isEqualTo(checkpoints);
  }

  /** One run can't be exported, and later a driver is killed before another's record is written. */
  @Test
  void aSweepGoesOnFromWhatIsThereAndItsRunsAreItsChildren() throws Exception {
    Path file = Files.writeString(folder.resolve("sweep.yaml"), SWEEP);
    List<String> runs =
        List.of(
            "tiny-conv.pair_slow.s0",
            "tiny-conv.pair_fast.s0",
            "tiny-conv.pair_slow.s1",
            "tiny-conv.pair_fast.s1");
    String[] sweep = {"sweep", file.toString(), bench.data(), bench.root(), bench.tracking()};
    Path blocked = bench.runs().resolve(runs.get(1)).resolve("student.onnx/full");
    Files.createDirectories(blocked);
    Workbench.Said said = bench.said(sweep);
    assertThat(said.code()).as(said.err()).isEqualTo(Stillhouse.FAILED);
    assertThat(said.err())
        .startsWith("error: 1 of 4 runs failed. The same command tries them again")
        .contains("  tiny-conv.pair_fast.s0: failed in export: ");
    Path table = bench.runs().resolve("_sweeps/pair/table.md");
    assertThat(table).content().contains("| fast | 1 of 2 |", "tiny-conv.pair_fast.s0: failed in ");
    RunRecord first = bench.record(runs.get(0));
    RunRecord last = bench.record(runs.get(3));
    String parent = parent(first);

    FileUtils.deleteDirectory(blocked.getParent().toFile());
    Files.delete(bench.runs().resolve(runs.get(3)).resolve(RunRecord.FILE));
    String orphan; // of a driver that was killed, as the one of the last run's
    try (var server = TrackingServer.connect(bench.mlflow().uri())) {
      server.resume(last.mlflowRun()).reopen();
      var tags = Map.of("mlflow.parentRunId", parent);
      orphan = server.start("drawn-scenes", "no longer in the file", tags).id();
      assertThat(server.running("drawn-scenes", "mlflow.parentRunId", parent))
          .containsExactlyInAnyOrder(orphan, last.mlflowRun());
    }
    bench.done(sweep);
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      assertThat(client.getRun(last.mlflowRun()).getInfo().getStatus().name())
          .isEqualTo("FINISHED");
      assertThat(client.getRun(orphan).getInfo().getStatus().name()).isEqualTo("FAILED");
    }
    assertThat(bench.record(runs.get(0))).isEqualTo(first);
    assertThat(bench.record(runs.get(3)).weightsDigest()).isEqualTo(last.weightsDigest());
    assertThat(table)
        .content()
        .containsPattern("\\| fast \\| 2 \\| 0\\.\\d{4} \\| [+-]0\\.\\d{4} \\[[^]]+] \\|")
        .doesNotContain("failed in");
    for (String run : runs) {
      assertThat(parent(bench.record(run))).isEqualTo(parent);
    }
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      assertThat(client.getRun(parent).getInfo().getStatus().name()).isEqualTo("FINISHED");
      assertThat(client.getRun(parent).getData().getMetricsList())
          .extracting(m -> m.getKey())
          .contains("fast/iou", "fast/iou_difference", "slow/seconds", "runs/done");
    }
    assertThat(bench.mlflow().get("/api/2.0/mlflow/artifacts/list?path=sweep&run_id=" + parent))
        .contains("sweep/table.md", "sweep/table.json", "sweep/table.png", "sweep/sweep.yaml");
  }

  private static String parent(RunRecord record) {
    try (var client = new MlflowClient(bench.mlflow().uri())) {
      return client.getRun(record.mlflowRun()).getData().getTagsList().stream()
          .filter(tag -> tag.getKey().equals("mlflow.parentRunId"))
          .map(tag -> tag.getValue())
          .findFirst()
          .orElseThrow();
    }
  }

  /** Ends a server as soon as there is a file. */
  private static void closeAt(Path file, MlflowServer server) {
    try {
      while (!Files.exists(file)) {
        Thread.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    server.close();
  }

  /** The server of all tests, where {@code more} names no other. */
  private static String[] train(String... more) {
    String other = String.join(" ", more);
    String tracking = other.contains("--mlflow") ? "" : bench.tracking() + " ";
    return new String[] {
      "train",
      bench.data(),
      bench.root(),
      tracking + "--recipe=scratch --epochs=2 --batch=4 --ranks=1 --learning-rate=1e-3",
      other
    };
  }
}
