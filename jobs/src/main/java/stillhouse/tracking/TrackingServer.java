package stillhouse.tracking;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowClientException;
import org.mlflow.tracking.MlflowHttpException;

/** An MLflow server, spoken to from the driver alone. */
public final class TrackingServer implements AutoCloseable {
  private static final int CALL_SECONDS = 60; // calls take milliseconds
  private static final Pattern WITH_USER = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@");

  /** What a run is told, of whatever may fail on the way. */
  public interface Telling<T, E extends Exception> {
    T to(TrackedRun run) throws E;
  }

  private final URI uri;
  private final MlflowClient client;
  private final ArtifactProxy artifacts;

  private final ServerCalls calls;

  private TrackingServer(URI uri, Credentials credentials) {
    this.uri = uri;
    this.client = RestClient.of(uri, credentials);
    this.artifacts = new ArtifactProxy(uri, credentials);
    this.calls = new ServerCalls(client, artifacts, new Refusals(uri, credentials), CALL_SECONDS);
  }

  /**
   * @throws TrackingException at once where no server answers there, its certificate is not taken,
   *     or it refuses what it is asked
   */
  public static TrackingServer connect(String uri) {
    return connect(uri, System.getenv());
  }

  /**
   * @param environment with MLflow's variables
   */
  static TrackingServer connect(String uri, Map<String, String> environment) {
    URI address = address(uri);
    TrackingServer server = new TrackingServer(address, Credentials.of(environment));
    try {
      server.artifacts.health("use MLflow");
    } catch (IOException e) {
      throw new TrackingException(
          "Cannot reach an MLflow server at "
              + address
              + ". Start one (mlflow server --serve-artifacts), or set --mlflow or MLFLOW_TRACKING_URI to its address.",
          e);
    }
    server.requireAccess();
    return server;
  }

  /** Whether a server is there says nothing of a token: a job would learn of it when it is done. */
  private void requireAccess() {
    calls.call("use MLflow", () -> client.sendGet("experiments/search?max_results=1"));
  }

  private static URI address(String uri) {
    if (WITH_USER.matcher(uri.trim()).lookingAt()) {
      throw new TrackingException(
          "Invalid MLflow server: '%s' (no user and password in the address, which logs and files repeat: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN)"
              .formatted(hidden(uri)));
    }
    try {
      URI address = new URI(uri.trim().replaceFirst("/+$", ""));
      boolean http = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
      if (http && address.getHost() != null && address.getPort() <= 65535) {
        return address;
      }
    } catch (URISyntaxException e) {
      throw new TrackingException(invalid(uri) + ": " + e.getReason()); // its own message has all
    }
    throw new TrackingException(invalid(uri));
  }

  private static String invalid(String uri) {
    return "Invalid MLflow server: '"
        + hidden(uri)
        + "' (must be http:// or https://, a host name without underscores, and perhaps a port and a path; bin/stillhouse mlflow DIR serves a folder so)";
  }

  /** Without what may be a user's name and password. */
  private static String hidden(String uri) {
    return uri.replaceFirst("(?<=://).*@", "***@");
  }

  public URI uri() {
    return uri;
  }

  /** The server's registry of models. */
  public ModelRegistry registry() {
    return new ModelRegistry(calls);
  }

  /** Starts a run; the experiment is made where it doesn't exist. */
  public TrackedRun start(String experiment, String runName, Map<String, String> tags) {
    return calls.call(
        "start run %s in experiment %s".formatted(runName, experiment),
        () -> {
          CreateRun.Builder request =
              CreateRun.newBuilder()
                  .setExperimentId(experimentId(experiment))
                  .setRunName(runName)
                  .setStartTime(System.currentTimeMillis());
          tags.forEach((k, v) -> request.addTags(RunTag.newBuilder().setKey(k).setValue(v)));
          return run(client.createRun(request.build()));
        });
  }

  /**
   * Starts a run, has it told what it is about, and ends it: as failed where that did not go
   * through, so that it is not shown as running for ever.
   *
   * @param telling what it is told
   * @return what that returned
   */
  public <T, E extends Exception> T tell(
      String experiment, String runName, Map<String, String> tags, Telling<T, E> telling) throws E {
    try (TrackedRun run = start(experiment, runName, tags)) {
      try {
        T said = telling.to(run);
        run.finish(true);
        return said;
      } catch (Throwable e) { // Spark's Scala throws checked exceptions that no signature names
        run.fail(e);
        throw e;
      }
    }
  }

  /** Goes on with a run that exists, as an evaluation of a model trained before does. */
  public TrackedRun resume(String runId) {
    if (runId.isEmpty()) {
      throw new TrackingException(
          "Cannot find a run without an id at "
              + uri
              + ": the server was away while it was trained. Run the train job again, which makes it.");
    }
    return calls.call("find run " + runId, () -> run(client.getRun(runId).getInfo()));
  }

  /** A run that may have been deleted since, by whoever looks after the server: then empty. */
  public Optional<TrackedRun> find(String runId) {
    return info(runId).map(this::run);
  }

  /** Whether there is such a run that was not deleted. */
  boolean knows(String runId) {
    return info(runId).isPresent();
  }

  private Optional<RunInfo> info(String runId) {
    return calls.call(
        "find run " + runId,
        () -> {
          try {
            RunInfo run = client.getRun(runId).getInfo();
            return run.getLifecycleStage().equals("deleted") ? Optional.empty() : Optional.of(run);
          } catch (MlflowHttpException e) {
            if (e.getStatusCode() == HttpURLConnection.HTTP_NOT_FOUND) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  private TrackedRun run(RunInfo run) {
    return new TrackedRun(calls, run.getRunId(), run.getArtifactUri(), address(run));
  }

  /**
   * The values that a run was told, by name and step; of a step told more than once the last.
   *
   * @param wanted by name
   */
  Map<String, NavigableMap<Long, Double>> curves(String runId, Predicate<String> wanted) {
    String asked = "read the curves of run " + runId;
    Map<String, NavigableMap<Long, Double>> curves = new TreeMap<>();
    for (Metric last : calls.call(asked, () -> client.getRun(runId).getData().getMetricsList())) {
      String name = last.getKey();
      if (wanted.test(name)) {
        NavigableMap<Long, Double> curve = new TreeMap<>();
        calls
            .call(asked, () -> client.getMetricHistory(runId, name))
            .forEach(metric -> curve.put(metric.getStep(), metric.getValue()));
        curves.put(name, curve);
      }
    }
    return curves;
  }

  @Override
  public void close() {
    client.close();
  }

  private String address(RunInfo run) {
    return uri + "/#/experiments/" + run.getExperimentId() + "/runs/" + run.getRunId();
  }

  private String experimentId(String name) {
    Optional<Experiment> existing = experiment(name);
    if (existing.isPresent()) {
      return existing.get().getExperimentId();
    }
    try {
      return client.createExperiment(name);
    } catch (MlflowClientException e) {
      // Another driver made it between the two calls; anything else is reported as it was.
      return experiment(name).orElseThrow(() -> e).getExperimentId();
    }
  }

  /** Searched for and not asked for by name: the client repeats a question whose answer is 404. */
  private Optional<Experiment> experiment(String name) {
    String quote = name.contains("'") ? "\"" : "'";
    return client.searchExperiments("name = " + quote + name + quote).getItems().stream()
        .filter(e -> e.getName().equals(name))
        .findFirst();
  }

  /** Ids of those runs of an experiment that have a tag of this value and are shown as running. */
  public List<String> running(String experiment, String tag, String value) {
    String filter = "tags.`%s` = '%s' and attributes.status = 'RUNNING'".formatted(tag, value);
    return calls.call(
        "look for runs of " + experiment,
        () ->
            experiment(experiment)
                .map(e -> client.searchRuns(List.of(e.getExperimentId()), filter))
                .orElse(List.of())
                .stream()
                .map(RunInfo::getRunId)
                .toList());
  }

  /** The runs of an experiment, newest first. */
  public List<RunInfo> runs(String experiment) {
    return calls.call(
        "look for runs of " + experiment,
        () ->
            experiment(experiment)
                .map(e -> client.searchRuns(List.of(e.getExperimentId()), ""))
                .orElse(List.of()));
  }
}
