package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;
import stillhouse.tracking.MlflowServer;
import stillhouse.tracking.TrackingServer;

/** A real MLflow server, there and away. */
class RefreshTrackingTest {
  private static final RefreshTracking.Facts FACTS =
      new RefreshTracking.Facts(
          "plates-cache", "refresh", Map.of("dataset", "plates"), Map.of("cache_encoding", "fp16"));
  @TempDir Path folder;
  private MlflowServer mlflow;
  private TrackingServer server;

  @BeforeEach
  void start() throws Exception {
    mlflow = MlflowServer.start(folder);
    server = TrackingServer.connect(mlflow.uri());
  }

  @AfterEach
  void stop() {
    server.close();
    mlflow.close();
  }

  @Test
  void aServerThatComesBackIsToldAllOfItAndOneThatIsAwayStopsNothing() throws Exception {
    mlflow.close();
    RefreshTracking away = RefreshTracking.start(server, FACTS);
    away.figures(Map.of("ingest/added", 3.0));
    assertThat(away.finished()).isFalse();

    mlflow = mlflow.restart();
    assertThat(server.runs("plates-cache")).isEmpty();
    mlflow.close();
    RefreshTracking back = RefreshTracking.start(server, FACTS);
    back.figures(Map.of("ingest/added", 3.0));
    back.figures(Map.of("cache/features_new", 2.0));
    mlflow = mlflow.restart();
    assertThat(back.finished()).isTrue();
    Run run = onlyRun();
    assertThat(run.getInfo().getStatus()).isEqualTo(RunStatus.FINISHED);
    assertThat(run.getData().getMetricsList())
        .extracting(Metric::getKey, Metric::getValue)
        .containsExactlyInAnyOrder(tuple("ingest/added", 3.0), tuple("cache/features_new", 2.0));
    assertThat(run.getData().getParamsList()).hasSize(1);

    RefreshTracking failing = RefreshTracking.start(server, FACTS);
    failing.figures(Map.of("ingest/gone", 7.0));
    var lost = new SparkException("Cannot store features of any of 81 images");
    assertThatThrownBy(() -> failing.tell(() -> sneaky(lost))).isSameAs(lost);
    Run failed = runs().get(0);
    assertThat(failed.getInfo().getStatus()).isEqualTo(RunStatus.FAILED);
    assertThat(failed.getData().getMetricsList())
        .as("what ingest has committed is told all the same")
        .extracting(Metric::getKey, Metric::getValue)
        .containsExactly(tuple("ingest/gone", 7.0));
    assertThat(failed.getData().getTagsList())
        .extracting(RunTag::getKey, RunTag::getValue)
        .contains(tuple("failure", "Cannot store features of any of 81 images"));
  }

  /** As Scala throws a checked exception. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> boolean sneaky(Throwable thrown) throws E {
    throw (E) thrown;
  }

  private Run onlyRun() {
    assertThat(runs()).hasSize(1);
    return runs().get(0);
  }

  /** Newest first. */
  private List<Run> runs() {
    try (var client = new MlflowClient(mlflow.uri())) {
      return server.runs("plates-cache").stream()
          .map(RunInfo::getRunId)
          .map(client::getRun)
          .toList();
    }
  }
}
