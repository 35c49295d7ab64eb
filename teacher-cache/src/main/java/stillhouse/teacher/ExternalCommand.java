package stillhouse.teacher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Another program, run to its end, its output kept: npm, pip, Python.
 *
 * @param doing what it is run for, as a failure tells it: "Cannot download"
 * @param timeoutMinutes after which it is stopped
 */
record ExternalCommand(String doing, List<String> command, long timeoutMinutes) {

  /**
   * @param log where both of its outputs go
   * @return what it wrote
   * @throws TeacherException where it can't be started, ends with another status than 0 or takes
   *     too long
   */
  String run(Path folder, Path log) throws IOException {
    Process process = start(folder, log);
    await(process);
    String output = Files.readString(log).strip();
    if (process.exitValue() != 0) {
      throw new TeacherException(
          "%s: %s ended with %d:%n%s".formatted(doing, line(), process.exitValue(), output));
    }
    return output;
  }

  private Process start(Path folder, Path log) {
    try {
      return new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(log.toFile())
          .start();
    } catch (IOException e) {
      throw new TeacherException(
          "Cannot run "
              + command.get(0)
              + ": "
              + e.getMessage()
              + ". Install it and put it on the PATH (npm comes with Node.js, pip with Python 3)",
          e);
    }
  }

  private void await(Process process) {
    try {
      if (!process.waitFor(timeoutMinutes, TimeUnit.MINUTES)) {
        throw new TeacherException(
            doing + ": " + line() + " took over " + timeoutMinutes + " minutes");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TeacherException("Interrupted during " + line(), e);
    } finally {
      process.destroy();
    }
  }

  private String line() {
    return String.join(" ", command);
  }
}
