package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.tracking.MlflowClient;
import stillhouse.tracking.CurveSpool;
import stillhouse.tracking.MlflowServer;
import stillhouse.tracking.TrackingServer;

/** A real MLflow server that goes away while a run trains, and comes back. */
class RunTrackingTest {
  private static final Map<String, Double> FIGURES = Map.of("train/mean_images_per_second", 12.0);
  @TempDir static Path servers;
  @TempDir Path folder;
  private static MlflowServer mlflow;
  private TrackingServer server;
  private Path run;

  @BeforeAll
  static void startMlflow() throws Exception {
    mlflow = MlflowServer.start(Files.createDirectory(servers.resolve("mlflow")));
  }

  @AfterAll
  static void stopMlflow() {
    mlflow.close();
  }

  @BeforeEach
  void connect() throws Exception {
    server = TrackingServer.connect(mlflow.uri());
    run = Files.createDirectory(folder.resolve("run"));
    Files.writeString(run.resolve("recipe.yaml"), "name: r");
    Files.writeString(run.resolve("student.yaml"), "name: s");
  }

  @AfterEach
  void disconnect() throws Exception {
    server.close();
    if (!mlflow.isAlive()) {
      mlflow = mlflow.restart();
    }
  }

  @Test
  void whatAServerMissedIsToldByTheNextTrainJob() throws Exception {
    RunTracking tracking = RunTracking.start(server, facts());
    RunRecord record = record(tracking.id());
    record.write(run);
    mlflow.close();
    tracking.metrics(Map.of("train/loss", 0.5), 1);
    assertThat(tracking.trained(record, FIGURES))
        .hasValue(
            "a run: MLflow was not told the digest of the weights; the curves; that it is trained");
    assertThat(RunTracking.incomplete(run)).isTrue();

    mlflow = mlflow.restart();
    assertThat(RunTracking.complete(server, facts(), record)).isEmpty();
    assertThat(RunTracking.incomplete(run)).isFalse();
    assertFinished(record.mlflowRun());
    assertCurve(record.mlflowRun(), 0.5);
    assertThat(run.resolve(CurveSpool.FILE)).doesNotExist();
  }

  @Test
  void aRunThatBeganWithoutTheServerIsMadeThereAtItsEnd() throws Exception {
    mlflow.close();
    RunTracking tracking = RunTracking.start(server, facts());
    assertThat(tracking.id()).isEmpty();
    tracking.metrics(Map.of("train/loss", 0.5, "train/learning_rate", 0.1), 1);
    RunRecord record = record(tracking.id());
    record.write(run);

    mlflow = mlflow.restart();
    assertThat(tracking.trained(record, FIGURES)).isEmpty();
    String id = RunRecord.read(run).mlflowRun();
    assertThat(id).isNotEmpty();
    assertFinished(id);
    assertCurve(id, 0.5);
  }

  @Test
  void aDriverGoesOnWithTheRunOfTheOneThatWasStopped() throws Exception {
    RunTracking stopped = RunTracking.start(server, facts());
    mlflow.close();
    stopped.metrics(Map.of("train/loss", 0.5), 1);
    Files.writeString(run.resolve(CurveSpool.FILE), "17 2 0.5 trai", StandardOpenOption.APPEND);

    mlflow = mlflow.restart();
    RunTracking next = RunTracking.start(server, facts());
    assertThat(next.id()).isEqualTo(stopped.id());
    next.metrics(Map.of("train/loss", 0.25), 2);
    RunRecord record = record(next.id());
    record.write(run);
    assertThat(next.trained(record, FIGURES)).isEmpty();
    assertFinished(next.id());
    assertCurve(next.id(), 0.5, 0.25);
  }

  private void assertCurve(String id, Double... values) {
    try (var client = new MlflowClient(mlflow.uri())) {
      assertThat(client.getMetricHistory(id, "train/loss"))
          .extracting(m -> m.getValue())
          .containsExactly(values);
    }
  }

  @Test
  void aRunWhoseDriverWasStoppedBeforeItToldIsToldByTheNextTrainJob() throws Exception {
    RunTracking tracking = RunTracking.start(server, facts());
    RunRecord record = record(tracking.id());
    tracking.untold();
    record.write(run);
    assertThat(run.resolve(RunTracking.INCOMPLETE))
        .hasContent("a run: MLflow was not told that it is trained");

    assertThat(RunTracking.complete(server, facts(), record)).isEmpty();
    assertThat(RunTracking.incomplete(run)).isFalse();
    assertFinished(record.mlflowRun());
  }

  private void assertFinished(String id) {
    try (var client = new MlflowClient(mlflow.uri())) {
      var told = client.getRun(id);
      assertThat(told.getInfo().getStatus().name()).isEqualTo("FINISHED");
      assertThat(told.getInfo().getRunName()).isEqualTo("a run");
      assertThat(told.getData().getParamsList()).extracting(p -> p.getKey()).contains("seed");
      assertThat(told.getData().getTagsList())
          .anyMatch(t -> t.getKey().equals("weights_digest") && t.getValue().equals("w"));
      assertThat(told.getData().getMetricsList())
          .extracting(m -> m.getKey())
          .containsAnyOf("train/mean_images_per_second", "epoch/loss_dice");
    }
  }

  private RunTracking.Facts facts() {
    return new RunTracking.Facts(
        "a run",
        "plates",
        run,
        "view",
        "digest",
        Map.of("recipe", "r"),
        Map.of("seed", "0"),
        Map.of());
  }

  private static RunRecord record(String mlflowRun) {
    return RunRecords.of("a run", "r", 1, mlflowRun, Map.of("dice", 0.5));
  }
}
