package stillhouse.jobs;

import java.util.regex.Pattern;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.tracking.TrackingServer;

/** The MLflow server that a job reports to. */
final class TrackingOptions {
  private static final Pattern ADDRESS =
      Pattern.compile("https?://([^\\s/@]+@)?([\\w.-]+|\\[[0-9A-Fa-f:]+])(:\\d{1,5})?(/\\S*)?");

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
    if (!ADDRESS.matcher(uri.trim()).matches()) {
      throw new ConfigException(
          "Invalid MLflow server: '"
              + uri
              + "' (must be http:// or https://, a host and perhaps a port and a path; bin/stillhouse mlflow DIR serves a folder so)");
    }
    return TrackingServer.connect(uri.trim());
  }
}
