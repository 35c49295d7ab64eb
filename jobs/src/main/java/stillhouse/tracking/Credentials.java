package stillhouse.tracking;

import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;

/**
 * MLflow's standard environment variables: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
 * MLFLOW_TRACKING_PASSWORD; those of {@link TlsTrust}. The Java client reads none of them by
 * itself. What they hold is never printed.
 */
record Credentials(String token, String user, String password, TlsTrust trust) {
  static Credentials of(Map<String, String> environment) {
    return new Credentials(
        environment.getOrDefault("MLFLOW_TRACKING_TOKEN", ""),
        environment.getOrDefault("MLFLOW_TRACKING_USERNAME", ""),
        environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", ""),
        TlsTrust.of(environment));
  }

  /** For MLflow's client. */
  BasicMlflowHostCreds host(String uri) {
    return new BasicMlflowHostCreds(
        uri,
        nullIfEmpty(user),
        nullIfEmpty(password),
        nullIfEmpty(token),
        trust.whose() == TlsTrust.Whose.ANYONES);
  }

  HttpRequest.Builder authorise(HttpRequest.Builder request) {
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    } else if (!user.isEmpty()) {
      request.header("Authorization", "Basic " + basic());
    }
    return request;
  }

  /** A server's text without any secret that it repeats. */
  String redact(String text) {
    String clean = text;
    for (String secret : List.of(token, basic(), password)) {
      clean = secret.isEmpty() ? clean : clean.replace(secret, "***");
    }
    return clean;
  }

  private String basic() {
    return user.isEmpty()
        ? ""
        : Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  /** The client takes an empty name for one. */
  private static String nullIfEmpty(String text) {
    return text.isEmpty() ? null : text;
  }

  @Override
  public String toString() {
    return token.isEmpty() ? user.isEmpty() ? "no credentials" : "user " + user : "a token";
  }
}
