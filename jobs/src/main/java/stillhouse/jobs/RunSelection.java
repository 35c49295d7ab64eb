package stillhouse.jobs;

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

  RootOption root() {
    return root;
  }

  /** Folders of the runs; a name without a trained run is refused. */
  List<Path> folders() {
    Path runs = root.runs();
    if (names != null) {
      return names.stream().map(runs::resolve).map(RunSelection::requireTrained).toList();
    }
    List<Path> all = RunRecord.finished(runs);
    if (all.isEmpty()) {
      throw new ConfigException("No trained run in " + runs + ". Run the train job first.");
    }
    return all;
  }

  private static Path requireTrained(Path folder) {
    if (!Files.isRegularFile(folder.resolve(RunRecord.FILE))) {
      throw new ConfigException(
          "No trained run in "
              + folder
              + ". Runs there: "
              + RunRecord.finished(folder.getParent()).stream()
                  .map(f -> f.getFileName().toString())
                  .toList());
    }
    return folder;
  }
}
