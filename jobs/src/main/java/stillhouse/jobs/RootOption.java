package stillhouse.jobs;

import java.nio.file.Path;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.WorkspaceFolder;

/** The workspace: tables, cache and checkpoints on any Hadoop file system, runs on this machine. */
final class RootOption {
  private static final String LOCAL = "file:";
  private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:.*");
  private static final Pattern PATTERN = Pattern.compile("[\\[\\]{}*?]");

  @Option(
      names = "--root",
      required = true,
      paramLabel = "DIR",
      description = "the workspace: tables/, cache/, checkpoints/ and evaluations/ lie here")
  private String root;

  @Option(
      names = "--runs",
      paramLabel = "DIR",
      description =
          "where the driver keeps what runs made: ONNX files, pictures (default: ROOT/runs)")
  private Path runs;

  /**
   * As a Hadoop path; one without a scheme is made absolute on this machine.
   *
   * @throws ConfigException where Spark would take it for a pattern
   */
  String uri() {
    String uri =
        SCHEME.matcher(root).matches()
            ? new org.apache.hadoop.fs.Path(root).toString()
            : LOCAL + Path.of(root).toAbsolutePath().normalize();
    if (PATTERN.matcher(uri).find()) {
      throw new ConfigException(
          "Invalid --root: "
              + uri
              + " (Spark takes a path with one of [ ] { } * ? for a pattern; give another folder)");
    }
    return uri;
  }

  /** As one types it. */
  String typed() {
    return "--root " + root + (runs == null ? "" : " --runs " + runs);
  }

  /** A place in the workspace as files name it that move with it: without the workspace's own. */
  String relative(String uri) {
    return uri.startsWith(uri() + "/") ? uri.substring(uri().length() + 1) : uri;
  }

  /** Where a place lies that {@link #relative} named; one with a scheme is as it is. */
  String absolute(String place) {
    return SCHEME.matcher(place).matches() ? place : uri() + "/" + place;
  }

  Path runs() {
    if (runs != null) {
      return runs.toAbsolutePath().normalize();
    }
    if (!uri().startsWith(LOCAL)) {
      throw new ConfigException(
          "No folder for runs: --root " + root + " is not on this machine. Give --runs DIR too.");
    }
    return Path.of(uri().substring(LOCAL.length())).resolve("runs");
  }

  /** Whether {@link #runs} is known: named, or beside a workspace on this machine. */
  boolean hasRuns() {
    return runs != null || uri().startsWith(LOCAL);
  }

  /**
   * A run's folder.
   *
   * @throws ConfigException where none of that name was trained; names those that were
   */
  Path trained(String run) {
    Path folder = runs().resolve(run);
    if (!RunRecord.isIn(folder)) {
      throw lacks(RunRecord.missing(folder));
    }
    return folder;
  }

  /**
   * @throws ConfigException where there is no such folder
   */
  void requireThere() {
    WorkspaceFolder.require(JobSession.hadoop(), uri());
  }

  /** Why something in it is not there: the message, where the workspace itself is. */
  ConfigException lacks(String message) {
    return WorkspaceFolder.lacks(JobSession.hadoop(), uri(), message);
  }

  /** Where all runs' checkpoints lie. */
  String checkpoints() {
    return uri() + "/checkpoints";
  }

  /** Where a run's checkpoints lie: every rank reaches them. */
  String checkpoints(String run) {
    return checkpoints() + "/" + run;
  }

  /** Where executors write the per-image table of an evaluation. */
  String imageTable(String run, String split) {
    return uri() + "/evaluations/" + run + "/" + split;
  }
}
