package stillhouse.jobs;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import stillhouse.conf.ConfigException;

/**
 * The entry point of every job: {@code spark-submit --class stillhouse.jobs.Stillhouse JAR JOB …}.
 */
@Command(
    name = "stillhouse",
    mixinStandardHelpOptions = true,
    version = "Stillhouse 0.1.0",
    description = "Distils a segmentation foundation model into an edge-sized student on Spark.",
    synopsisSubcommandLabel = "JOB",
    subcommands = {
      ScenesCommand.class,
      DescribeCommand.class,
      IngestCommand.class,
      TeacherCommand.class,
      CacheCommand.class,
      TrainCommand.class,
      ExportCommand.class,
      FreezeCommand.class,
      EvaluateCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Stillhouse {
  /** Exit codes: a usage or configuration error, and a job that failed. */
  static final int BAD_INPUT = 2;

  static final int FAILED = 1;

  public static void main(String[] args) {
    System.exit(run(args));
  }

  static int run(String... args) {
    return new CommandLine(new Stillhouse())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((e, command, parsed) -> report(e, command.getErr()))
        .execute(args);
  }

  /** What the user can mend is said in a sentence; what he can't keeps its stack trace. */
  private static int report(Exception e, PrintWriter err) {
    if (e instanceof ConfigException) {
      err.println("error: " + e.getMessage());
      return BAD_INPUT;
    }
    err.println("error: " + e.getMessage());
    e.printStackTrace(err);
    return FAILED;
  }
}
