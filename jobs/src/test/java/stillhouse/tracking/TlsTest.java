package stillhouse.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Servers of HTTPS whose certificates Java's trust store doesn't vouch for, as firms have them: a
 * self-signed one, and one that an authority of the firm's own signed. Both are localhost's.
 */
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final String INSECURE = "MLFLOW_TRACKING_INSECURE_TLS";
  private static final String AUTHORITIES = "MLFLOW_TRACKING_SERVER_CERT_PATH";

  @TempDir static Path folder;
  private static final List<String> uploads = new CopyOnWriteArrayList<>();
  private static KeyStore keys;
  private static HttpsServer own;
  private static HttpsServer signed;

  @BeforeAll
  static void start() throws Exception {
    Path store = folder.resolve("keys.p12");
    keytool(store, "own", "-ext", "san=dns:localhost");
    keytool(store, "authority", "-ext", "bc:critical=ca:true");
    keytool(store, "signed", "-ext", "san=dns:localhost", "-signer", "authority");
    keys = KeyStore.getInstance(store.toFile(), PASSWORD);
    own = serve("own");
    signed = serve("signed");
  }

  @AfterAll
  static void stop() {
    for (HttpsServer server : List.of(own, signed)) {
      server.stop(0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"own", "signed"})
  void aCertificateThatNobodyVouchesForIsNamedWithWhatMendsIt(String which) {
    refused(server(which), "localhost", Map.of(INSECURE, "false"))
        .hasMessage(
            "Cannot use MLflow at "
                + uri(server(which), "localhost")
                + ": its certificate is refused: unable to find valid certification path to"
                + " requested target. Set MLFLOW_TRACKING_SERVER_CERT_PATH to a PEM file of the"
                + " authorities that sign it (of itself where it is self-signed), name the server as"
                + " the certificate does, or set MLFLOW_TRACKING_INSECURE_TLS=true to take any");
  }

  @ParameterizedTest
  @ValueSource(strings = {"own", "signed"})
  void anyCertificateAndNameIsTakenWhereThatIsWanted(String which) throws IOException {
    works(server(which), "127.0.0.1", Map.of(INSECURE, "True"));
  }

  @Test
  void theAuthoritiesOfAFileAreBelievedAndNoOthers() throws Exception {
    Path authority = pem("authority");
    Path itself = pem("own");
    works(signed, "localhost", Map.of(AUTHORITIES, authority.toString()));
    works(own, "localhost", Map.of(AUTHORITIES, itself.toString()));
    Path both = folder.resolve("both.pem");
    Files.writeString(both, "Ours:\n" + Files.readString(authority) + Files.readString(itself));
    works(own, "localhost", Map.of(AUTHORITIES, both.toString()));
    refused(own, "localhost", Map.of(AUTHORITIES, authority.toString()))
        .hasMessageContaining("It is held against the authorities of MLFLOW_TRACKING_SERVER_CERT");
    refused(signed, "127.0.0.1", Map.of(AUTHORITIES, authority.toString()))
        .hasMessageContaining("its certificate is refused: No subject alternative names matching")
        .hasMessageContaining("name the server as the certificate does");
  }

  @Test
  void whatTlsEndsLaterIsNamedByWhatWasAsked() throws IOException {
    Path file = Files.writeString(folder.resolve("student.onnx"), "weights");
    var proxy = new ArtifactProxy(address(own), Credentials.of(Map.of()));
    assertThatThrownBy(() -> proxy.put("mlflow-artifacts:/1/r", "student.onnx", file))
        .hasMessageStartingWith("Cannot upload " + file + " at https://localhost:")
        .hasMessageContaining("its certificate is refused");
    assertThatThrownBy(() -> proxy.requireAnswer("log tags to run r"))
        .hasMessageStartingWith("Cannot log tags to run r at https://localhost:")
        .hasMessageContaining("its certificate is refused");
  }

  @Test
  void aServerOfPlainHttpIsNotTakenForABadCertificate() throws Exception {
    try (var plain = new ServerSocket(0, 9, InetAddress.getLoopbackAddress())) {
      var answers = new Thread(() -> refuseAll(plain));
      answers.setDaemon(true);
      answers.start();
      assertThatThrownBy(
              () -> TrackingServer.connect("https://127.0.0.1:" + plain.getLocalPort(), Map.of()))
          .isInstanceOf(TrackingException.class)
          .hasMessageContaining(": TLS failed: Unrecognized SSL message, plaintext connection?. ")
          .hasMessageEndingWith("Is it http:// that the server speaks?");
    }
  }

  @Test
  void variablesThatCanNotHoldAreRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");
    refused(own, "localhost", Map.of(INSECURE, "yes"))
        .hasMessage(
            "Invalid MLFLOW_TRACKING_INSECURE_TLS: yes (must be one of [true, 1, false, 0])");
    refused(own, "localhost", Map.of(INSECURE, "1", AUTHORITIES, text.toString()))
        .hasMessageContaining("Cannot take any certificate (MLFLOW_TRACKING_INSECURE_TLS) and only")
        .hasMessageEndingWith("unset one of the two");
    for (Path file : List.of(text, folder.resolve("absent.pem"), folder)) {
      refused(own, "localhost", Map.of(AUTHORITIES, file.toString()))
          .hasMessageStartingWith(
              "Cannot read MLFLOW_TRACKING_SERVER_CERT_PATH "
                  + file
                  + " (must be a PEM file of one certificate or more): ");
    }
  }

  /** Health, a call of MLflow's client, and an upload by ours. */
  private static void works(HttpsServer server, String host, Map<String, String> environment)
      throws IOException {
    uploads.clear();
    Path file = Files.writeString(folder.resolve("student.onnx"), "weights");
    try (var tracking = TrackingServer.connect(uri(server, host), environment);
        TrackedRun run = tracking.resume("r")) {
      run.artifact(file, "onnx");
    }
    assertThat(uploads)
        .containsExactly("/api/2.0/mlflow-artifacts/artifacts/1/r/onnx/student.onnx: weights");
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> refused(
      HttpsServer server, String host, Map<String, String> environment) {
    return assertThatThrownBy(() -> TrackingServer.connect(uri(server, host), environment))
        .isInstanceOf(TrackingException.class);
  }

  private static HttpsServer server(String which) {
    return which.equals("own") ? own : signed;
  }

  private static String uri(HttpsServer server, String host) {
    return "https://" + host + ":" + server.getAddress().getPort();
  }

  private static URI address(HttpsServer server) {
    return URI.create(uri(server, "localhost"));
  }

  private static HttpsServer serve(String key) throws Exception {
    KeyStore alone = KeyStore.getInstance("PKCS12");
    alone.load(null, null);
    alone.setKeyEntry(key, keys.getKey(key, PASSWORD), PASSWORD, keys.getCertificateChain(key));
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(alone, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    var server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.createContext("/health", e -> say(e, "OK"));
    server.createContext("/api/2.0/mlflow/experiments/search", e -> say(e, "{}"));
    server.createContext(
        "/api/2.0/mlflow/runs/get",
        e ->
            say(
                e,
                "{\"run\": {\"info\": {\"run_id\": \"r\", \"artifact_uri\": \"mlflow-artifacts:/1/r\"}}}"));
    server.createContext(
        "/api/2.0/mlflow-artifacts",
        e -> {
          byte[] body = e.getRequestBody().readAllBytes();
          uploads.add(e.getRequestURI() + ": " + new String(body, StandardCharsets.UTF_8));
          say(e, "{}");
        });
    server.start();
    return server;
  }

  private static void say(HttpExchange exchange, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  /** As a server of HTTP answers what is none, until it is closed. */
  private static void refuseAll(ServerSocket server) {
    while (!server.isClosed()) {
      try (var socket = server.accept()) {
        socket
            .getOutputStream()
            .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        socket.shutdownOutput();
        socket.getInputStream().readAllBytes(); // closed before, what is written may be lost
      } catch (IOException e) {
        assertThat(e).isInstanceOf(SocketException.class); // either side is gone
      }
    }
  }

  private static Path pem(String key) throws Exception {
    Certificate certificate = keys.getCertificate(key);
    String text =
        Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded());
    return Files.writeString(
        folder.resolve(key + ".pem"),
        "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n");
  }

  private static void keytool(Path store, String alias, String... more) throws Exception {
    Stream<String> command =
        Stream.of(
            Path.of(System.getProperty("java.home"), "bin/keytool").toString(),
            "-genkeypair",
            "-keystore",
            store.toString(),
            "-storepass",
            new String(PASSWORD),
            "-alias",
            alias,
            "-dname",
            "CN=" + alias,
            "-keyalg",
            "EC",
            "-validity",
            "2");
    Process process =
        new ProcessBuilder(Stream.concat(command, Stream.of(more)).toList())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
  }
}
