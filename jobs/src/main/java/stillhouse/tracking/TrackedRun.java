package stillhouse.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;

/**
 * One MLflow run. Parameters, tags and artifacts are sent at once; metrics go through a {@link
 * MetricStream}, so that a slow or absent server costs training nothing.
 */
public final class TrackedRun implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PARAM_LIMIT = 6000; // MLflow's own limit of a parameter's length
  private static final int BATCH = 100; // parameters or tags that one log-batch call takes
  private final ServerCalls calls;
  private final MlflowClient client;
  private final String id;
  private final String artifactUri;
  private final String address;
  private final MetricStream metrics;

  TrackedRun(ServerCalls calls, String id, String artifactUri, String address) {
    this.calls = calls;
    this.client = calls.client();
    this.id = id;
    this.artifactUri = artifactUri;
    this.address = address;
    this.metrics = new MetricStream(id, batch -> client.logBatch(id, batch, List.of(), List.of()));
  }

  public String id() {
    return id;
  }

  /** Where a file of this run's artifacts lies, as the server names it. */
  String artifact(String path) {
    return artifactUri + "/" + path;
  }

  /** Where a browser shows this run. */
  public String address() {
    return address;
  }

  public void params(Map<String, String> params) {
    List<Param> all = new ArrayList<>();
    params.forEach((k, v) -> all.add(Param.newBuilder().setKey(k).setValue(cut(v)).build()));
    for (int i = 0; i < all.size(); i += BATCH) {
      List<Param> part = all.subList(i, Math.min(i + BATCH, all.size()));
      send("parameters", () -> client.logBatch(id, List.of(), part, List.of()));
    }
  }

  public void tags(Map<String, String> tags) {
    List<RunTag> all = new ArrayList<>();
    tags.forEach((k, v) -> all.add(RunTag.newBuilder().setKey(k).setValue(cut(v)).build()));
    send("tags", () -> client.logBatch(id, List.of(), List.of(), all));
  }

  /** Queues metrics of one step; returns at once. */
  public void metrics(Map<String, Double> values, long step) {
    metrics(values, step, System.currentTimeMillis());
  }

  /**
   * Queues metrics of one step; returns at once.
   *
   * @param now milliseconds of the epoch
   */
  public void metrics(Map<String, Double> values, long step, long now) {
    values.forEach(
        (k, v) ->
            metrics.offer(
                Metric.newBuilder().setKey(k).setValue(v).setTimestamp(now).setStep(step).build()));
  }

  /** Values that were handed over and that the server does not have. */
  public long undeliveredMetrics() {
    return metrics.undelivered();
  }

  /** Sends what a file holds. A value that the server has already stays one. */
  public void metrics(CurveSpool curves) {
    curves.read(
        MetricStream.PERHAPS_KNOWN,
        batch -> send("curves", () -> client.logBatch(id, batch, List.of(), List.of())));
  }

  /** Shows a run as running that an earlier driver left, ended or not. */
  public void reopen() {
    String body = json(Map.of("run_id", id, "status", RunStatus.RUNNING.name()));
    send("status", () -> client.sendPost("runs/update", body));
  }

  /** Whether the server has its parameters. */
  public boolean hasParams() {
    return calls.call("look at run " + id, () -> client.getRun(id).getData().getParamsCount() > 0);
  }

  /** Uploads a file under {@code folder} of the run's artifacts; an empty folder is their root. */
  public void artifact(Path file, String folder) {
    String name = file.getFileName().toString();
    calls.artifacts().put(artifactUri, folder.isEmpty() ? name : folder + "/" + name, file);
  }

  /** Uploads every file below a folder, keeping its structure. */
  public void artifacts(Path root, String folder) {
    try (var files = Files.walk(root)) {
      files
          .filter(Files::isRegularFile)
          .sorted()
          .forEach(
              f ->
                  calls
                      .artifacts()
                      .put(
                          artifactUri,
                          folder + "/" + root.relativize(f).toString().replace('\\', '/'),
                          f));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + root + " for upload", e);
    }
  }

  /** Names the data that went into the run, as MLflow's dataset column shows it. */
  public void input(String name, String digest, String source, String context) {
    var dataset =
        Map.of(
            "name",
            name,
            "digest",
            digest.substring(0, Math.min(digest.length(), 36)), // MLflow's limit
            "source_type",
            "delta",
            "source",
            json(Map.of("path", source)));
    var tag = Map.of("key", "mlflow.data.context", "value", context);
    var body =
        json(
            Map.of(
                "run_id",
                id,
                "datasets",
                List.of(Map.of("dataset", dataset, "tags", List.of(tag)))));
    send("dataset input", () -> client.sendPost("runs/log-inputs", body));
  }

  /** Sends what is queued, then marks the run as ended. */
  public void finish(boolean succeeded) {
    metrics.close();
    end(succeeded);
  }

  private void end(boolean succeeded) {
    RunStatus status = succeeded ? RunStatus.FINISHED : RunStatus.FAILED;
    send("status", () -> client.setTerminated(id, status));
  }

  /**
   * Marks the run as failed; where the server does not take that either, the cause says so too.
   *
   * @param cause is thrown on by the caller
   */
  void fail(Throwable cause) {
    for (Runnable last : List.<Runnable>of(metrics::close, () -> end(false))) {
      try {
        last.run();
      } catch (TrackingException e) {
        cause.addSuppressed(e);
      }
    }
  }

  /** Sends what is queued; the run's status stays as it is. */
  @Override
  public void close() {
    metrics.close();
  }

  private void send(String what, Runnable call) {
    calls.call("log " + what + " to run " + id, Executors.callable(call));
  }

  private static String cut(String value) {
    return value.length() <= PARAM_LIMIT ? value : value.substring(0, PARAM_LIMIT - 1) + "…";
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A map of strings is always JSON", e);
    }
  }
}
