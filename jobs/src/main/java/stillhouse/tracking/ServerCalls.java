package stillhouse.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowClientException;
import org.mlflow.tracking.MlflowHttpException;

/**
 * REST calls by MLflow's client, each with a time limit, which the client has not.
 *
 * @param seconds after which a call is given up
 */
record ServerCalls(MlflowClient client, ArtifactProxy artifacts, Refusals refusals, int seconds) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * @param asked what the call is for, as a message goes on after "Cannot"
   * @throws TrackingException where the server is away, slow, or refuses
   */
  JsonNode post(String asked, String path, Object body) {
    return json(asked, call(asked, () -> client.sendPost(path, JSON.writeValueAsString(body))));
  }

  /**
   * The first page of a search.
   *
   * @param filter in MLflow's words
   */
  JsonNode search(String asked, String path, String filter) {
    String query = "?filter=" + URLEncoder.encode(filter, StandardCharsets.UTF_8);
    return json(asked, call(asked, () -> client.sendGet(path + query)));
  }

  private JsonNode json(String asked, String answer) {
    try {
      return JSON.readTree(answer);
    } catch (JsonProcessingException e) {
      throw new TrackingException(
          "Cannot %s at %s: the answer is no JSON. Is it an MLflow server?"
              .formatted(asked, refusals.server()),
          e);
    }
  }

  /** Anything that asks the client, under the time limit. */
  <T> T call(String asked, Callable<T> call) {
    artifacts.requireAnswer(asked);
    var answer = new FutureTask<>(call);
    Thread thread = new Thread(answer, "mlflow-call");
    thread.setDaemon(true); // one that hangs holds nobody
    thread.start();
    try {
      return answer.get(seconds, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new TrackingException(
          "Cannot %s at %s: no answer within %d seconds. Whether it was done is not known: run the same command again, it looks first."
              .formatted(asked, refusals.server(), seconds),
          e);
    } catch (ExecutionException e) {
      throw failed(asked, e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrackingException("Interrupted: " + asked, e);
    }
  }

  /** The client's own exception is left out: it repeats what the server said, secrets too. */
  private TrackingException failed(String asked, Throwable cause) {
    if (cause instanceof MlflowHttpException http) {
      return refusals.of(asked, http.getStatusCode(), http.getBodyMessage());
    }
    String said = refusals.credentials().redact(String.valueOf(cause.getMessage()));
    return cause instanceof MlflowClientException
        ? new TrackingException("Cannot %s at %s: %s".formatted(asked, refusals.server(), said))
        : new TrackingException(
            "Cannot %s at %s: %s".formatted(asked, refusals.server(), said), cause);
  }
}
