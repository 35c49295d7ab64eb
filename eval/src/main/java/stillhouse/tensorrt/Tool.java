package stillhouse.tensorrt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another program, run to its end. */
final class Tool {
  /**
   * What a program ended with, and all that it printed, errors among it.
   *
   * @param timedOut whether it was stopped; its exit status is then none of its own
   */
  record Output(int exit, boolean timedOut, String text) {}

  private Tool() {}

  /**
   * @param log where its output goes and stays
   * @throws IOException where it can't be started
   */
  static Output run(List<String> command, Path log, Duration timeout) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      boolean ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
      String text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
      return new Output(ended ? process.exitValue() : -1, !ended, text);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while " + command.get(0) + " ran; its output: " + log, e);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** The same of a short program, whose output is not kept. */
  static Output ask(List<String> command, Duration timeout) throws IOException {
    Path log = Files.createTempFile("stillhouse-", ".txt");
    try {
      return run(command, log, timeout);
    } finally {
      Files.deleteIfExists(log);
    }
  }
}
