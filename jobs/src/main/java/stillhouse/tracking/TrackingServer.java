package stillhouse.tracking;

import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowClientException;
import org.mlflow.tracking.MlflowHttpException;

/** An MLflow server, spoken to from the driver alone. */
public final class TrackingServer implements AutoCloseable {
  private static final int CALL_SECONDS = 60; // a registry's calls take milliseconds

  private final URI uri;
  private final MlflowClient client;
  private final ArtifactProxy artifacts;

  private final Credentials credentials;

  private TrackingServer(URI uri, Credentials credentials) {
    this.uri = uri;
    this.credentials = credentials;
    this.client = new MlflowClient(credentials.host(uri.toString()));
    this.artifacts = new ArtifactProxy(uri, credentials);
  }

  /**
   * @throws TrackingException at once where no server answers there
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
    if (!server.artifacts.answers()) {
      throw new TrackingException(
          "Cannot reach an MLflow server at "
              + address
              + ". Start one (mlflow server --serve-artifacts), or set --mlflow or MLFLOW_TRACKING_URI to its address.");
    }
    return server;
  }

  private static URI address(String uri) {
    try {
      URI address = new URI(uri.trim().replaceFirst("/+$", ""));
      boolean http = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
      if (http && address.getHost() != null && address.getPort() <= 65535) {
        return address;
      }
    } catch (URISyntaxException e) {
      throw new TrackingException(invalid(uri) + ": " + e.getReason(), e);
    }
    throw new TrackingException(invalid(uri));
  }

  private static String invalid(String uri) {
    return "Invalid MLflow server: '"
        + uri
        + "' (must be http:// or https://, a host name without underscores, and perhaps a port and a path; bin/stillhouse mlflow DIR serves a folder so)";
  }

  public URI uri() {
    return uri;
  }

  /** The server's registry of models. */
  public ModelRegistry registry() {
    return new ModelRegistry(
        new RegistryCalls(client, artifacts, new Refusals(uri, credentials), CALL_SECONDS));
  }

  /** Starts a run; the experiment is made where it doesn't exist. */
  public TrackedRun start(String experiment, String runName, Map<String, String> tags) {
    artifacts.requireAnswer("start run " + runName);
    try {
      String experimentId = experimentId(experiment);
      CreateRun.Builder request =
          CreateRun.newBuilder()
              .setExperimentId(experimentId)
              .setRunName(runName)
              .setStartTime(System.currentTimeMillis());
      tags.forEach((k, v) -> request.addTags(RunTag.newBuilder().setKey(k).setValue(v)));
      RunInfo run = client.createRun(request.build());
      return new TrackedRun(client, artifacts, run.getRunId(), run.getArtifactUri(), address(run));
    } catch (MlflowClientException e) {
      throw new TrackingException(
          "Cannot start run %s in experiment %s at %s: %s"
              .formatted(runName, experiment, uri, e.getMessage()),
          e);
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
    artifacts.requireAnswer("find run " + runId);
    try {
      RunInfo run = client.getRun(runId).getInfo();
      return new TrackedRun(client, artifacts, runId, run.getArtifactUri(), address(run));
    } catch (MlflowClientException e) {
      throw new TrackingException(
          "Cannot find run " + runId + " at " + uri + ": " + e.getMessage(), e);
    }
  }

  /** A run that may have been deleted since, by whoever looks after the server: then empty. */
  public Optional<TrackedRun> find(String runId) {
    artifacts.requireAnswer("find run " + runId);
    try {
      RunInfo run = client.getRun(runId).getInfo();
      return run.getLifecycleStage().equals("deleted")
          ? Optional.empty()
          : Optional.of(
              new TrackedRun(client, artifacts, runId, run.getArtifactUri(), address(run)));
    } catch (MlflowHttpException e) {
      if (e.getStatusCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return Optional.empty();
      }
      throw new TrackingException(
          "Cannot find run " + runId + " at " + uri + ": " + e.getMessage(), e);
    } catch (MlflowClientException e) {
      throw new TrackingException(
          "Cannot find run " + runId + " at " + uri + ": " + e.getMessage(), e);
    }
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
    artifacts.requireAnswer("look for runs of " + experiment);
    try {
      return experiment(experiment)
          .map(e -> client.searchRuns(List.of(e.getExperimentId()), filter))
          .orElse(List.of())
          .stream()
          .map(RunInfo::getRunId)
          .toList();
    } catch (MlflowClientException e) {
      throw new TrackingException(
          "Cannot look for runs of %s at %s: %s".formatted(experiment, uri, e.getMessage()), e);
    }
  }

  /** The runs of an experiment, newest first. */
  public List<RunInfo> runs(String experiment) {
    return experiment(experiment)
        .map(e -> client.searchRuns(List.of(e.getExperimentId()), ""))
        .orElse(List.of());
  }
}
