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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mlflow.tracking.MlflowClient;

/** What a registry's user is told by a server that is ill, or does not know him. */
class RegistryFaultsTest {
  private static final Credentials TOKEN =
      Credentials.of(Map.of("MLFLOW_TRACKING_TOKEN", "s3cret-t0ken"));
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

  private AbstractThrowableAssert<?, ? extends Throwable> pointing(
      Credentials credentials, int seconds) {
    try (var client = new MlflowClient(credentials.host(uri.toString()))) {
      var calls =
          new RegistryCalls(
              client, new ArtifactProxy(uri, credentials), new Refusals(uri, credentials), seconds);
      return assertThatThrownBy(
              () -> new ModelRegistry(calls).setAlias("m", ModelRegistry.CHAMPION, "3"))
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
