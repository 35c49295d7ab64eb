package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;

/** Which trained runs of a workspace a job works on. */
final class RunSelection {
  @Mixin private RootOption root;

  @Option(
      names = "--run",
      split = ",",
      paramLabel = "NAME",
      description = "names of runs, folders of ROOT/runs (default: every trained run there)")
  private List<String> names;

  @Option(
      names = "--runs-from",
      paramLabel = "FILE",
      description = "a file with the names of runs, one a line, as train's --names-out writes it")
  private Path namesFrom;

  RootOption root() {
    return root;
  }

  /** Whether runs were named, and not taken as they are there. */
  boolean isNamed() {
    return names != null || namesFrom != null;
  }

  /** Folders of the runs, one at least; a name without a trained run is refused. */
  List<Path> folders() {
    List<Path> all = foldersIfAny();
    if (all.isEmpty()) {
      throw root.lacks("No trained run in " + root.runs() + ". Run the train job first.");
    }
    return all;
  }

  /** The same, for a job that has something to do without runs. */
  List<Path> foldersIfAny() {
    List<String> asked = namesFrom == null ? names : read();
    return asked == null
        ? RunRecord.finished(root.runs())
        : asked.stream().map(root::trained).toList();
  }

  private List<String> read() {
    if (names != null) {
      throw new ConfigException("Invalid --runs-from: " + namesFrom + " (not beside --run)");
    }
    try {
      List<String> read = Files.readAllLines(namesFrom).stream().filter(n -> !n.isBlank()).toList();
      if (read.isEmpty()) {
        throw new ConfigException("Invalid --runs-from: " + namesFrom + " names no run");
      }
      return read;
    } catch (IOException e) {
      throw new ConfigException("Cannot read --runs-from " + namesFrom + ": " + e, e);
    }
  }
}
