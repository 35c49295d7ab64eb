package stillhouse.tracking;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import javax.net.ssl.SSLException;

/**
 * MLflow's REST artifact proxy ({@code mlflow server --serve-artifacts}). The Java client uploads
 * through a Python program; this needs none.
 */
final class ArtifactProxy {
  private static final String SCHEME = "mlflow-artifacts:";
  private final HttpClient http;
  private final URI server;
  private final Credentials credentials;

  ArtifactProxy(URI server, Credentials credentials) {
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .sslContext(credentials.trust().context())
            .build();
    this.server = server;
    this.credentials = credentials;
  }

  /** Uploads a file to {@code path} below a run's artifact root, replacing what is there. */
  void put(String artifactUri, String path, Path file) {
    URI target = target(artifactUri, path);
    try {
      var request =
          credentials
              .authorise(HttpRequest.newBuilder(target))
              .timeout(Duration.ofMinutes(10))
              .PUT(HttpRequest.BodyPublishers.ofFile(file))
              .build();
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        throw new Refusals(server, credentials)
            .of("upload " + file + " to " + target, answer.statusCode(), answer.body());
      }
    } catch (SSLException e) {
      throw credentials.trust().refusal("upload " + file, server, e);
    } catch (IOException e) {
      throw new TrackingException("Cannot upload " + file + " to " + target, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrackingException("Interrupted while uploading " + file, e);
    }
  }

  /**
   * The status that the server gives of its health.
   *
   * @param asked what for, as a message goes on after "Cannot"
   * @throws IOException where it does not answer
   * @throws TrackingException where it answers and TLS forbids to listen: that no wait mends
   */
  int health(String asked) throws IOException {
    try {
      var request =
          credentials
              .authorise(HttpRequest.newBuilder(URI.create(server + "/health")))
              .timeout(Duration.ofSeconds(10))
              .GET()
              .build();
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (SSLException e) {
      throw credentials.trust().refusal(asked, server, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrackingException("Interrupted: " + asked, e);
    }
  }

  /**
   * To be asked before a call of MLflow's client, which has no time limit: a server that takes
   * connections and says nothing would hold its caller for ever.
   *
   * @throws TrackingException where the server does not answer within seconds, or is ill
   */
  void requireAnswer(String purpose) {
    int status;
    try {
      status = health(purpose);
    } catch (IOException e) {
      throw new TrackingException("Cannot " + purpose + ": " + server + " does not answer", e);
    }
    if (status != HttpURLConnection.HTTP_OK) {
      throw new Refusals(server, credentials).of(purpose, status, "");
    }
  }

  private URI target(String artifactUri, String path) {
    if (!artifactUri.startsWith(SCHEME)) {
      throw new TrackingException(
          "Cannot upload to "
              + artifactUri
              + ": the server does not proxy artifacts. "
              + "Start it with: mlflow server --serve-artifacts --artifacts-destination …");
    }
    String root = artifactUri.substring(SCHEME.length()).replaceFirst("^//[^/]*", "");
    StringBuilder encoded = new StringBuilder();
    for (String part : (root + "/" + path).split("/")) {
      if (!part.isEmpty()) {
        encoded
            .append('/')
            .append(URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"));
      }
    }
    return URI.create(server + "/api/2.0/mlflow-artifacts/artifacts" + encoded);
  }
}
