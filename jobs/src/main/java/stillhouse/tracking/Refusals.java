package stillhouse.tracking;

import java.net.HttpURLConnection;
import java.net.URI;

/** What a server's refusal means to who asked: which server, what it said, what mends it. */
record Refusals(URI server, Credentials credentials) {
  private static final int LONGEST = 300; // a proxy's page of HTML says no more than its start

  TrackingException of(String asked, int status, String body) {
    return new TrackingException(
        "Cannot %s at %s: HTTP %d%s. %s"
            .formatted(asked, server, status, said(body), remedy(status, said(body))));
  }

  private String said(String body) {
    String clean = credentials.redact(body == null ? "" : body).strip().replaceAll("\\s+", " ");
    String cut = clean.length() <= LONGEST ? clean : clean.substring(0, LONGEST) + "…";
    return cut.isEmpty() ? "" : " " + cut;
  }

  private String remedy(int status, String said) {
    return switch (status) {
      case HttpURLConnection.HTTP_UNAUTHORIZED, HttpURLConnection.HTTP_FORBIDDEN ->
          "It was asked with "
              + credentials
              + ": set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, to what holds now and may write there, and run the same command again";
      case HttpURLConnection.HTTP_NOT_FOUND ->
          said.contains("RESOURCE_DOES_NOT_EXIST") || said.contains("not found")
              ? "It was deleted there: restore it, or go on without it (promote has --no-champion; a run that is trained again is made again)"
              : "Is it an MLflow server (2.3 or newer), and is --mlflow its whole address?";
      default ->
          status >= 500
              ? "The server failed: its log says why. Run the same command again once it answers"
              : "Nothing of this request was done";
    };
  }
}
