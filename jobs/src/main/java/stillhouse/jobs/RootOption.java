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
}
