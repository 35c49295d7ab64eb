package stillhouse.jobs;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The workspace: tables and cache on any Hadoop file system, runs beside them. */
final class RootOption {
  @Option(
      names = "--root",
      required = true,
      paramLabel = "DIR",
      description = "the workspace: tables/, cache/ and runs/ lie here")
  private String root;

  /** As a Hadoop path; one without a scheme is made absolute on this machine. */
  String uri() {
    return root.matches("[A-Za-z][A-Za-z0-9+.-]*:.*")
        ? root.replaceFirst("/+$", "")
        : "file:" + Path.of(root).toAbsolutePath().normalize();
  }

  /** Where runs lie: on this machine, since their small files are made by the driver. */
  Path runs() {
    String uri = uri();
    if (!uri.startsWith("file:")) {
      throw new stillhouse.conf.ConfigException("Invalid --root: " + root + " (runs are kept on this machine: give --runs DIR)");
    }
    return Path.of(uri.substring("file:".length())).resolve("runs");
  }
}
