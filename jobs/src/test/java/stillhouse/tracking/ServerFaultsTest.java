package stillhouse.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.tracking.MlflowClient;

/** What a user is told by a server that is ill, or does not know him. */
class ServerFaultsTest {
  private static final Credentials TOKEN =
      Credentials.of(Map.of("MLFLOW_TRACKING_TOKEN", "s3cret-t0ken"));
  @TempDir Path folder;
  private final CountDownLatch end = new CountDownLatch(1);
  private final List<String> authorised = new CopyOnWriteArrayList<>();
  private ExecutorService threads;
  private HttpServer http;
  private URI uri;

  /** What the server says to all but whether it is there. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException, InterruptedException;
  }

  @BeforeEach
  void start() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    threads = Executors.newCachedThreadPool();
    http.setExecutor(threads);
    http.createContext("/health", exchange -> say(exchange, 200, "OK"));
    http.start();
    uri = URI.create("http://127.0.0.1:" + http.getAddress().getPort());
  }

  @AfterEach
  void stop() {
    end.countDown();
    http.stop(0);
    threads.shutdownNow();
  }

  @Test
  void anExpiredTokenIsNamedWithItsRemedyAndNeverPrinted() {
    answer(
        e -> say(e, 401, "Bearer s3cret-t0ken has expired" + e.getRequestHeaders().getFirst("x")));
    pointing(TOKEN, 20)
        .hasMessageStartingWith(
            "Cannot point alias champion of model m at version 3 at " + uri + ": HTTP 401")
        .hasMessageContaining("Bearer *** has expired")
        .hasMessageContaining("It was asked with a token: set MLFLOW_TRACKING_TOKEN")
        .satisfies(e -> assertThat(printed(e)).doesNotContain("s3cret"));
    assertThat(authorised).isNotEmpty().allMatch("Bearer s3cret-t0ken"::equals);
  }

  @Test
  void aUserWhoMayNotWriteIsNamedWithoutHisPassword() {
    answer(
        e -> say(e, 403, "no: " + e.getRequestHeaders().getFirst("Authorization") + " pass-w0rd"));
    var user =
        Credentials.of(
            Map.of("MLFLOW_TRACKING_USERNAME", "eve", "MLFLOW_TRACKING_PASSWORD", "pass-w0rd"));
    pointing(user, 20)
        .hasMessageContaining("HTTP 403")
        .hasMessageContaining("It was asked with user eve: set MLFLOW_TRACKING_TOKEN, or")
        .satisfies(e -> assertThat(printed(e)).doesNotContain("pass-w0rd", "ZXZlOnBhc3Mtdz"));
  }

  @Test
  void aServerThatFailsIsNamedWithWhatItSaidAndWasAsked() {
    answer(e -> say(e, 500, "<html>\n  the   database is away " + "x".repeat(500)));
    pointing(TOKEN, 20)
        .hasMessageStartingWith(
            "Cannot point alias champion of model m at version 3 at "
                + uri
                + ": HTTP 500 <html> the database is away xxx")
        .hasMessageEndingWith(
            "x…. The server failed: its log says why. Run the same command again once it answers");
  }

  @Test
  void aServerThatTakesTheQuestionAndSaysNothingIsGivenUp() {
    answer(e -> end.await());
    pointing(TOKEN, 1)
        .hasMessage(
            "Cannot point alias champion of model m at version 3 at "
                + uri
                + ": no answer within 1 seconds. Whether it was done is not known: run the same command again, it looks first.");
  }

  @Test
  void aPageThatIsNoAnswerIsNamed() {
    answer(e -> say(e, 200, "<html>welcome</html>"));
    pointing(TOKEN, 20).hasMessageContaining("the answer is no JSON. Is it an MLflow server?");
  }

  /** Before a job begins, not when it is done. */
  @Test
  void anExpiredTokenIsRefusedWhenTheServerIsConnectedTo() {
    answer(e -> say(e, 401, "s3cret-t0ken has expired"));
    assertThatThrownBy(
            () ->
                TrackingServer.connect(
                    uri.toString(), Map.of("MLFLOW_TRACKING_TOKEN", "s3cret-t0ken")))
        .isInstanceOf(TrackingException.class)
        .hasMessage(
            "Cannot use MLflow at "
                + uri
                + ": HTTP 401 *** has expired. It was asked with a token: set MLFLOW_TRACKING_TOKEN, or"
                + " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, to what holds now and may"
                + " write there, and run the same command again");
    assertThat(authorised).containsOnly("Bearer s3cret-t0ken");
  }

  @Test
  void aServerThatFallsIllAfterItWasConnectedToIsNamedByWhatItWasAsked() throws IOException {
    answer(
        e -> {
          boolean search = e.getRequestURI().getPath().endsWith("experiments/search");
          say(e, search ? 200 : 500, search ? "{}" : "no disk, token s3cret-t0ken");
        });
    Path file = Files.writeString(folder.resolve("student.onnx"), "weights");
    try (var server =
            TrackingServer.connect(
                uri.toString(), Map.of("MLFLOW_TRACKING_TOKEN", "s3cret-t0ken"));
        var client = new MlflowClient(TOKEN.host(uri.toString()))) {
      TrackedRun run = new TrackedRun(calls(client, TOKEN, 20), "r", "mlflow-artifacts:/1/r", "");
      Map<String, ThrowingCallable> asked =
          Map.of(
              "Cannot start run sard-s0 in experiment plates at ",
              () -> server.start("plates", "sard-s0", Map.of()),
              "Cannot find run r at ",
              () -> server.resume("r"),
              "Cannot log tags to run r at ",
              () -> run.tags(Map.of("a", "b")),
              "Cannot upload " + file + " to ",
              () -> run.artifact(file, "onnx"));
      asked.forEach(
          (message, call) ->
              assertThatThrownBy(call)
                  .isInstanceOf(TrackingException.class)
                  .hasMessageStartingWith(message)
                  .hasMessageContaining(uri + ": HTTP 500 no disk, token ***. The server failed")
                  .satisfies(e -> assertThat(printed(e)).doesNotContain("s3cret")));
    }
  }

  @Test
  void aRunThatTheServerDoesNotKnowIsSaidToBeDeletedAndOneThatIsLookedForIsNotThere() {
    answer(
        e -> {
          boolean search = e.getRequestURI().getPath().endsWith("experiments/search");
          say(
              e,
              search ? 200 : 404,
              search ? "{}" : "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\"}");
        });
    try (var server = TrackingServer.connect(uri.toString(), Map.of())) {
      assertThatThrownBy(() -> server.resume("gone"))
          .hasMessageStartingWith("Cannot find run gone at " + uri + ": HTTP 404 ")
          .hasMessageContaining("It was deleted there: restore it, or go on without it");
      assertThat(server.find("gone")).isEmpty();
    }
  }

  @Test
  void aServerThatHangsOverARunIsGivenUp() {
    answer(e -> end.await());
    try (var client = new MlflowClient(TOKEN.host(uri.toString()))) {
      var run = new TrackedRun(calls(client, TOKEN, 1), "r", "mlflow-artifacts:/1/r", "");
      assertThatThrownBy(() -> run.tags(Map.of("a", "b")))
          .hasMessageStartingWith(
              "Cannot log tags to run r at " + uri + ": no answer within 1 seconds.");
    }
  }

  private ServerCalls calls(MlflowClient client, Credentials credentials, int seconds) {
    return new ServerCalls(
        client, new ArtifactProxy(uri, credentials), new Refusals(uri, credentials), seconds);
  }

  private AbstractThrowableAssert<?, ? extends Throwable> pointing(
      Credentials credentials, int seconds) {
    try (var client = new MlflowClient(credentials.host(uri.toString()))) {
      return assertThatThrownBy(
              () ->
                  new ModelRegistry(calls(client, credentials, seconds))
                      .setAlias("m", ModelRegistry.CHAMPION, "3"))
          .isInstanceOf(TrackingException.class);
    }
  }

  private void answer(Answer answer) {
    http.createContext(
        "/api",
        exchange -> {
          authorised.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
          try {
            answer.to(exchange);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static void say(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  /** All that a stack trace shows. */
  private static String printed(Throwable e) {
    var text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
