package stillhouse.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.tracking.MlflowClient;

class TrackingServerTest {
  @TempDir static Path folder;
  private static MlflowServer server;

  @BeforeAll
  static void start() throws Exception {
    server = MlflowServer.start(folder);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aRunHoldsWhatWasLogged() throws Exception {
    Path picture = Files.writeString(folder.resolve("overlay 1.txt"), "a picture");
    String id;
    try (var tracking = TrackingServer.connect(server.uri() + "/")) {
      TrackedRun run = tracking.start("steel", "sard-s0", Map.of("recipe", "sard"));
      id = run.id();
      run.params(Map.of("epochs", "12"));
      run.metrics(Map.of("loss", 0.5, "iou", 0.25), 3);
      run.metrics(Map.of("loss", 0.4), 4);
      run.artifact(picture, "overlays");
      run.input("drawn-scenes", "0123456789abcdef", "tables/samples", "training");
      run.finish(true);
    }
    try (var client = new MlflowClient(server.uri())) {
      var run = client.getRun(id);
      assertThat(run.getInfo().getStatus().name()).isEqualTo("FINISHED");
      assertThat(run.getInfo().getRunName()).isEqualTo("sard-s0");
      assertThat(run.getData().getParamsList())
          .anyMatch(p -> p.getKey().equals("epochs") && p.getValue().equals("12"));
      assertThat(client.getMetricHistory(id, "loss"))
          .extracting(m -> m.getStep() + ":" + m.getValue())
          .containsExactly("3:0.5", "4:0.4");
    }
    assertThat(server.get("/api/2.0/mlflow/runs/get?run_id=" + id)).contains("drawn-scenes");
    assertThat(server.get("/api/2.0/mlflow/artifacts/list?path=overlays&run_id=" + id))
        .contains("overlays/overlay 1.txt");
  }

  @Test
  void aRunsCurvesAreReadFromTheServerAndFromWhatWaitsForIt() {
    Path waiting = folder.resolve("waiting");
    new CurveSpool(waiting).add(Map.of("train/loss", 0.25), 3, 7);
    try (var tracking = TrackingServer.connect(server.uri())) {
      TrackedRun run = tracking.start("steel", "curves", Map.of());
      run.metrics(Map.of("train/loss", 1.0, "system/heap", 9.0), 1);
      run.metrics(Map.of("train/loss", 0.5), 2);
      run.finish(true);
      var there = Optional.of(tracking);
      RunHistory history = RunHistory.of(there, run.id(), waiting, k -> k.startsWith("train/"));
      assertThat(history.told()).isTrue();
      assertThat(history.curves()).containsOnlyKeys("train/loss");
      assertThat(history.curves().get("train/loss"))
          .containsExactlyEntriesOf(new TreeMap<>(Map.of(1L, 1.0, 2L, 0.5, 3L, 0.25)));
      assertThat(Thread.getAllStackTraces().keySet())
          .as("threads that send metrics")
          .noneMatch(thread -> thread.getName().endsWith(run.id()));
      RunHistory unknown = RunHistory.of(there, "0".repeat(32), waiting, k -> true);
      assertThat(unknown.told()).isFalse();
      assertThat(unknown.curves().get("train/loss")).containsOnlyKeys(3L);
    }
    assertThat(RunHistory.of(Optional.empty(), "", folder, k -> true).curves()).isEmpty();
  }

  @Test
  void aRunThatCouldNotBeToldAllIsShownAsFailed() {
    Path gone = folder.resolve("gone.html");
    try (var tracking = TrackingServer.connect(server.uri());
        var client = new MlflowClient(server.uri())) {
      assertThatThrownBy(
              () ->
                  tracking.tell(
                      "pages",
                      "report",
                      Map.of(),
                      run -> {
                        run.metrics(Map.of("iou", 0.5), 0);
                        run.artifact(gone, "report");
                        return run;
                      }))
          .hasStackTraceContaining("gone.html");
      String id = tracking.runs("pages").get(0).getRunId();
      assertThat(client.getRun(id).getInfo().getStatus().name()).isEqualTo("FAILED");
      assertThat(client.getMetricHistory(id, "iou")).hasSize(1);
      assertThat(
              tracking.<String, RuntimeException>tell("pages", "report", Map.of(), TrackedRun::id))
          .isNotEqualTo(id);
      assertThat(tracking.runs("pages").get(0).getStatus().name()).isEqualTo("FINISHED");
    }
  }

  /** A driver was killed between a call and its answer: the next one sends all of its file. */
  @Test
  void curvesThatTheServerHasInPartAreTakenWhole() {
    CurveSpool spool = new CurveSpool(folder.resolve("killed"));
    Map<String, Double> many = new LinkedHashMap<>();
    for (int i = 0; i < 150; i++) {
      many.put("train/value-%03d".formatted(i), 1.0 + i);
    }
    try (var tracking = TrackingServer.connect(server.uri());
        var client = new MlflowClient(server.uri())) {
      TrackedRun run = tracking.start("steel", "killed", Map.of());
      run.metrics(Map.of("train/value-149", 150.0), 1, 7);
      run.close();
      spool.add(many, 1, 7);
      try (TrackedRun again = tracking.resume(run.id())) {
        again.metrics(spool);
      }
      assertThat(client.getRun(run.id()).getData().getMetricsList()).hasSize(150);
      assertThat(client.getMetricHistory(run.id(), "train/value-149")).hasSize(1);
    }
  }

  @Test
  void metricsOfAResumedRunJoinTheSameRun() {
    try (var tracking = TrackingServer.connect(server.uri())) {
      TrackedRun first = tracking.start("steel", "resumed", Map.of());
      first.metrics(Map.of("loss", 1.0), 0);
      first.close();
      TrackedRun again = tracking.resume(first.id());
      again.metrics(Map.of("loss", 0.5), 1);
      again.finish(true);
      try (var client = new MlflowClient(server.uri())) {
        assertThat(client.getMetricHistory(first.id(), "loss")).hasSize(2);
      }
    }
  }

  @Test
  void firstRunsOfSeveralDriversShareTheirExperiment() throws Exception {
    Callable<String> firstRun =
        () -> {
          try (var tracking = TrackingServer.connect(server.uri())) {
            TrackedRun run = tracking.start("o'clock", "first", Map.of());
            run.finish(true);
            return run.id();
          }
        };
    var drivers = Executors.newFixedThreadPool(4);
    try {
      for (var run : drivers.invokeAll(Collections.nCopies(4, firstRun))) {
        run.get();
      }
    } finally {
      drivers.shutdown();
    }
    try (var tracking = TrackingServer.connect(server.uri())) {
      assertThat(tracking.runs("o'clock")).hasSize(4);
      assertThat(tracking.runs("never made")).isEmpty();
    }
  }

  @Test
  void anAbsentServerIsNamedWithTheRemedy() {
    assertThatThrownBy(() -> TrackingServer.connect("http://127.0.0.1:9"))
        .isInstanceOf(TrackingException.class)
        .hasMessageContaining("Cannot reach an MLflow server at http://127.0.0.1:9")
        .hasMessageContaining("--mlflow");
  }

  @Test
  void aServerThatTakesConnectionsAndSaysNothingHoldsNobody() throws Exception {
    try (var mute = new ServerSocket(0);
        var client = new MlflowClient("http://127.0.0.1:" + mute.getLocalPort())) {
      URI uri = URI.create("http://127.0.0.1:" + mute.getLocalPort());
      var nobody = Credentials.of(Map.of());
      var calls =
          new ServerCalls(client, new ArtifactProxy(uri, nobody), new Refusals(uri, nobody), 60);
      var run = new TrackedRun(calls, "r", "mlflow-artifacts:/r", "");
      assertTimeoutPreemptively(
          Duration.ofSeconds(60),
          () ->
              assertThatThrownBy(() -> run.tags(Map.of("a", "b")))
                  .isInstanceOf(TrackingException.class)
                  .hasMessage("Cannot log tags to run r: " + uri + " does not answer"));
    }
  }

  @Test
  void aRunWithoutAnIdIsRefusedWithTheRemedy() {
    try (var tracking = TrackingServer.connect(server.uri())) {
      assertThatThrownBy(() -> tracking.resume(""))
          .isInstanceOf(TrackingException.class)
          .hasMessageContaining("the server was away while it was trained")
          .hasMessageContaining("Run the train job again");
    }
  }

  @Test
  void anAddressThatIsNoUrlIsRefused() {
    assertThatThrownBy(() -> TrackingServer.connect("mlruns"))
        .hasMessageContaining("Invalid MLflow server: 'mlruns'");
  }
}
