package stillhouse.jobs;

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

  /** Refused before Spark starts where no server is named or none answers. */
  TrackingServer connect() {
    if (uri == null || uri.isBlank() || uri.startsWith("${")) {
      throw new ConfigException(
          "No MLflow server is named. Give --mlflow URI or set MLFLOW_TRACKING_URI "
              + "(bin/stillhouse mlflow DIR starts one on this machine).");
    }
    return TrackingServer.connect(uri);
  }
}
