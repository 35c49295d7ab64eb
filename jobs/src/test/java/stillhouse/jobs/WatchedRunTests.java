package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.tracking.MlflowClient;
import picocli.CommandLine;
import stillhouse.cache.Pins;
import stillhouse.conf.ConfigException;
import stillhouse.train.Checkpoint;
import stillhouse.train.Checkpoints;

/** Runs that are looked at while they train, in a workspace that others test with, too. */
interface WatchedRunTests {
  String ALONE = "first";
  String WATCHED = "watched"; // its twin
  String STOPPED = "stopped";

  Workbench bench();

  /** Trains what is looked at here; {@link #ALONE} is trained. */
  static void train(Workbench bench) {
    bench.done(command(bench, "--epochs=2 --learning-rate=1e-3 --validate-every=1", WATCHED));
    bench.done(untilNoBetter(bench));
  }

  /** Steps so small that scores hardly change. */
  private static String[] untilNoBetter(Workbench bench) {
    return command(
        bench, "--epochs=9 --validate-every=1 --patience=1 --learning-rate=1e-9", STOPPED);
  }

  private static String[] command(Workbench bench, String more, String name) {
    return new String[] {
      "train",
      bench.data(),
      bench.root(),
      bench.tracking(),
      "--recipe=scratch --batch=4 --ranks=1 --name=" + name,
      more
    };
  }

  @Test
  default void aRunThatIsLookedAtTakesTheStepsOfOneThatIsNot() {
    RunRecord alone = bench().record(ALONE);
    RunRecord watched = bench().record(WATCHED);
    assertThat(last(WATCHED).weightDigest().hex()).isEqualTo(alone.weightsDigest());
    assertThat(watched.identity()).isEqualTo(alone.identity());
    assertThat(watched.epochs()).isEqualTo(2);
    assertThat(watched.stoppedEarly()).isFalse();
    assertThat(alone.bestEpoch()).isZero();
  }

  @Test
  default void mlflowHasACurveInBothPrecisionsAndTheBestStudentsFiles() throws Exception {
    RunRecord watched = bench().record(WATCHED);
    try (var client = new MlflowClient(bench().mlflow().uri())) {
      String id = watched.mlflowRun();
      for (String name : List.of("iou", "boundary_iou", "iou_scratch")) {
        for (String precision : List.of("", "_int8")) {
          assertThat(client.getMetricHistory(id, "val/" + name + precision))
              .as(name + precision)
              .extracting(Metric::getStep)
              .containsExactly(watched.steps() / 2, watched.steps());
        }
      }
      String best = "/api/2.0/mlflow/artifacts/list?path=checkpoints/best&run_id=" + id;
      assertThat(bench().mlflow().get(best))
          .contains("best/student.onnx", "best/student.int8.onnx");
      assertThat(client.getRun(id).getData().getMetricsList())
          .extracting(Metric::getKey)
          .contains("system/rank-0/resident_megabytes", "system/rank-0/heap_megabytes");
      assertThat(client.getRun(id).getData().getTagsList())
          .extracting(t -> t.getKey(), t -> t.getValue())
          .contains(
              tuple("best_epoch", String.valueOf(watched.bestEpoch())),
              tuple("stopped_early", "false"));
    }
  }

  @Test
  default void aRunThatGetsNoBetterEndsAndShipsItsBest() {
    RunRecord stopped = bench().record(STOPPED);
    assertThat(stopped.stoppedEarly()).isTrue();
    assertThat(stopped.epochs()).isBetween(2, 8);
    assertThat(stopped.bestEpoch()).isEqualTo(stopped.epochs() - 1);
    Checkpoint best = checkpoints(STOPPED).best().orElseThrow();
    assertThat(best.position().epoch()).isEqualTo(stopped.bestEpoch());
    assertThat(stopped.weightsDigest())
        .isEqualTo(best.weightDigest().hex())
        .isNotEqualTo(last(STOPPED).weightDigest().hex());

    bench().done("export", bench().root(), bench().tracking(), "--run=" + STOPPED);
    assertThat(OnnxFiles.require(bench().runs().resolve(STOPPED))).exists();
    Path summary = bench().folder().resolve("flattered.json");
    bench()
        .done(
            "evaluate",
            bench().data(),
            bench().root(),
            bench().tracking(),
            "--split=val --run=" + STOPPED + " --summary=" + summary);
    assertThat(summary).content().contains("\"chosen_on_scored_split\" : true");
    try (var client = new MlflowClient(bench().mlflow().uri())) {
      assertThat(client.getRun(stopped.mlflowRun()).getData().getTagsList())
          .extracting(t -> t.getKey(), t -> t.getValue())
          .contains(tuple("validated_on", "val"), tuple("chosen_on_scored_split", "true"));
    }
  }

  /** Corrected masks leave the number of images as it was. */
  @Test
  default void aJobGoesOnToLookAtTheImagesThatItBeganWithAndSaysThatTheyChanged()
      throws IOException {
    Path folder = bench().folder().resolve("corrected");
    FileUtils.copyDirectory(
        bench().folder().resolve("tables").toFile(), folder.resolve("tables").toFile());
    RootOption root = CommandLine.populateCommand(new RootOption(), "--root=" + folder);
    var data = CommandLine.populateCommand(new DataOptions(), bench().data().split(" ")).load();
    long version = SplitWatch.version(bench().spark(), root);
    TestSamples began = TestSamples.of(bench().spark(), root.uri(), data, "val", Optional.empty());
    var watch = new SplitWatch(bench().spark(), root, began, version);
    assertThat(watch.change()).isEmpty();
    update(folder, "weight = 0.5");
    assertThat(watch.change()).as("the same images and masks").isEmpty();

    update(folder, "mask = concat(mask, X'00')");
    assertThat(watch.change().orElseThrow())
        .startsWith("The labelled images of split val are others since this job began (")
        .contains("It goes on to look at those that it began with")
        .endsWith("begins its looks anew, on the images of then.");
    assertThat(watch.change()).as("said once").isEmpty();
    assertThat(SampleSet.of(data.classes(), began.rows())).isEqualTo(began.set());
  }

  /** As by an ingest between the views of two of its runs. */
  @Test
  default void aSweepWhoseTablesChangeWhileItsViewsAreMadeIsRefused() throws IOException {
    Path folder = bench().folder().resolve("moving");
    FileUtils.copyDirectory(
        bench().folder().resolve("tables").toFile(), folder.resolve("tables").toFile());
    Path file = Path.of("moving.yaml");
    var read = Pins.versions(bench().spark(), "file:" + folder);
    assertThatCode(
            () ->
                SweepJob.requireUnchanged(
                    file, read, Pins.versions(bench().spark(), "file:" + folder)))
        .doesNotThrowAnyException();
    update(folder, "weight = 0.5");
    var now = Pins.versions(bench().spark(), "file:" + folder);
    assertThatThrownBy(() -> SweepJob.requireUnchanged(file, read, now))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot run sweep moving.yaml: its data changed while its training views were made (versions of tables were %s, are %s), so runs would not be comparable. Run the same command again once nothing is ingested or cached."
                .formatted(read, now));
  }

  private void update(Path root, String what) {
    bench()
        .spark()
        .sql("UPDATE delta.`" + root + "/tables/samples` SET " + what + " WHERE split = 'val'");
  }

  /** What is there of a driver that was killed once the last epoch was trained, before its look. */
  @Test
  default void aDriverThatIsKilledBeforeALookIsMadeGoodByTheNext() throws IOException {
    assertThat(bench().record(STOPPED).validatedOn()).isEqualTo("val");
    assertThat(bench().record(ALONE).validatedOn()).isEmpty();
    RunRecord before = bench().record(STOPPED);
    Path looks = bench().folder().resolve("checkpoints").resolve(STOPPED).resolve("validation");
    List<Path> files;
    try (var all = Files.list(looks)) {
      files = all.filter(f -> f.toString().endsWith(".json")).sorted().toList();
    }
    assertThat(files).hasSize(before.epochs());
    Path last = files.get(files.size() - 1);
    String said = Files.readString(last);
    Files.delete(last);
    Files.delete(bench().runs().resolve(STOPPED).resolve(RunRecord.FILE));

    bench().done(untilNoBetter(bench()));

    assertThat(scores(Files.readString(last))).isEqualTo(scores(said));
    assertThat(bench().record(STOPPED))
        .usingRecursiveComparison()
        .ignoringFields("losses")
        .as("the seconds of its steps, too")
        .isEqualTo(before);
    try (var client = new MlflowClient(bench().mlflow().uri())) {
      String id = before.mlflowRun();
      assertThat(client.getMetricHistory(id, "val/iou"))
          .as("its last look was taken twice")
          .hasSize(before.epochs() + 1);
      Files.delete(bench().runs().resolve(STOPPED).resolve(RunRecord.FILE));
      bench().done(untilNoBetter(bench()));
      assertThat(client.getMetricHistory(id, "val/iou"))
          .as("a look that was told is told again")
          .hasSize(before.epochs() + 1);
    }
  }

  private static String scores(String look) {
    return look.replaceAll("\"millis\" : \\d+", "");
  }

  @Test
  default void aSplitWithoutLabelsIsRefusedBeforeTraining() throws IOException {
    Path root = bench().folder().resolve("unlabelled"); // in val
    FileUtils.copyDirectory(
        bench().folder().resolve("tables").toFile(), root.resolve("tables").toFile());
    bench()
        .spark()
        .sql("UPDATE delta.`" + root + "/tables/samples` SET mask = NULL WHERE split = 'val'");
    Workbench.Said said =
        bench()
            .said(
                "train",
                bench().data(),
                "--root=" + root,
                bench().tracking(),
                "--recipe=scratch --epochs=1 --batch=4 --ranks=1 --validate-every=1");
    assertThat(said.err())
        .startsWith("error: Cannot validate on split val: none of its images has a labelled pixel")
        .containsPattern("by split: \\{(test=\\d+, )?train=\\d+}\\)")
        .contains("--validate-split")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(root.resolve("runs")).doesNotExist();
  }

  @Test
  default void patienceWithoutValidationIsRefused() {
    Workbench.Said said = bench().said(command(bench(), "--patience=3", "no"));
    assertThat(said.err())
        .startsWith("error: Invalid --patience: 3 (must be beside --validate-every, or a recipe");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
  }

  private Checkpoint last(String run) {
    return checkpoints(run).latest().orElseThrow();
  }

  private Checkpoints checkpoints(String run) {
    return new Checkpoints(
        bench().folder().resolve("checkpoints/" + run).toString(),
        1,
        bench().spark().sparkContext().hadoopConfiguration());
  }
}
