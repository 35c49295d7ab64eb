package stillhouse.jobs;

import java.util.Optional;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.tracking.TrackingServer;

/** The MLflow server that a job reports to. */
final class TrackingOptions {
  @Option(
      names = "--mlflow",
      paramLabel = "URI",
      defaultValue = "${env:MLFLOW_TRACKING_URI}",
      description = "the MLflow server (default: MLFLOW_TRACKING_URI)")
  private String uri;

  /** Empty where no server is named; refused before Spark starts where the named one is away. */
  Optional<TrackingServer> find() {
    return isNamed() ? Optional.of(TrackingServer.connect(uri)) : Optional.empty();
  }

  private boolean isNamed() {
    return uri != null && !uri.isBlank() && !uri.startsWith("${");
  }

  /** Refused before Spark starts where no server is named or none answers. */
  TrackingServer connect() {
    if (!isNamed()) {
      throw new ConfigException(
          "No MLflow server is named. Give --mlflow URI or set MLFLOW_TRACKING_URI "
              + "(bin/stillhouse mlflow DIR starts one on this machine).");
    }
    return TrackingServer.connect(uri);
  }
}
