package stillhouse.tracking;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A real MLflow server of the build's own Python environment, on a free port of the loopback. */
public final class MlflowServer implements AutoCloseable {
  private final Path folder;
  private final Process process;
  private final String uri;

  private MlflowServer(Path folder, Process process, String uri) {
    this.folder = folder;
    this.process = process;
    this.uri = uri;
  }

  public static MlflowServer start(Path folder) throws IOException, InterruptedException {
    try (ServerSocket socket = new ServerSocket(0)) {
      int port = socket.getLocalPort();
      socket.close();
      return start(folder, port);
    }
  }

  /** The same server again, with what it held. */
  public MlflowServer restart() throws IOException, InterruptedException {
    return start(folder, URI.create(uri).getPort());
  }

  private static MlflowServer start(Path folder, int port)
      throws IOException, InterruptedException {
    Path venv = Path.of(System.getenv("STILLHOUSE_VENV")).toAbsolutePath();
    var builder =
        new ProcessBuilder(
                venv.resolve("bin/mlflow").toString(),
                "server",
                "--backend-store-uri",
                "sqlite:///" + folder.resolve("mlflow.db"),
                "--artifacts-destination",
                folder.resolve("artifacts").toString(),
                "--serve-artifacts",
                "--host",
                "127.0.0.1",
                "--port",
                String.valueOf(port),
                "--workers",
                "1")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("server.log").toFile());
    builder
        .environment()
        .merge("PATH", venv.resolve("bin").toString(), (old, bin) -> bin + ":" + old);
    var server = new MlflowServer(folder, builder.start(), "http://127.0.0.1:" + port);
    server.await();
    return server;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  public String uri() {
    return uri;
  }

  /** The body of a GET, for looking at what the server holds. */
  public String get(String path) throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(URI.create(uri + path)).GET().build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  private void await() throws IOException, InterruptedException {
    Instant end = Instant.now().plus(Duration.ofMinutes(5));
    while (Instant.now().isBefore(end) && process.isAlive()) {
      try {
        get("/health");
        return;
      } catch (IOException e) {
        process.waitFor(300, TimeUnit.MILLISECONDS);
      }
    }
    close();
    throw new IOException(
        "The MLflow server did not start: " + Files.readString(folder.resolve("server.log")));
  }

  /** Ends the server and its workers: when this returns, none of them answers any more. */
  @Override
  public void close() {
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    all.forEach(ProcessHandle::destroy);
    all.forEach(MlflowServer::awaitEnd);
  }

  private static void awaitEnd(ProcessHandle process) {
    try {
      process.onExit().get(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      process.destroyForcibly();
      process.onExit().join();
    } catch (ExecutionException e) {
      throw new IllegalStateException("Cannot wait for process " + process.pid(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
