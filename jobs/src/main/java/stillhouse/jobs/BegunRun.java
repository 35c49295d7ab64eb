package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Which MLflow run a training run or a sweep began, noted in its folder at once: a driver that goes
 * on where another was stopped goes on with its curves, too.
 */
final class BegunRun {
  private static final String FILE = "mlflow-run.json";
  private static final String SERVER = "server";
  private static final String RUN = "run";

  private BegunRun() {}

  static void write(Path folder, URI server, String run) {
    JsonFiles.write(folder.resolve(FILE), Map.of(SERVER, server.toString(), RUN, run));
  }

  /** Empty where none was begun on this server. */
  static Optional<String> read(Path folder, URI server) {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      var note = JsonFiles.JSON.readTree(file.toFile());
      return note.path(SERVER).asText().equals(server.toString())
          ? Optional.of(note.path(RUN).asText())
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot read "
              + file
              + ": "
              + e.getMessage()
              + ". It names the run's MLflow run: put it back, or remove it, and the next driver begins another one there.",
          e);
    }
  }
}
