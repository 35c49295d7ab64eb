package stillhouse.jobs;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

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
      PlanCommand.class,
      CacheCommand.class,
      RefreshCommand.class,
      StatsCommand.class,
      VerifyCommand.class,
      GcCommand.class,
      TrainCommand.class,
      ExportCommand.class,
      FreezeCommand.class,
      EvaluateCommand.class,
      PromptsCommand.class,
      BenchCommand.class,
      ExplainCommand.class,
      EngineCommand.class,
      ReviewCommand.class,
      CascadeCommand.class,
      CompareCommand.class,
      ReportCommand.class,
      PromoteCommand.class,
      SweepCommand.class,
      BatchCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Stillhouse {
  /** Exit codes: a usage or configuration error, and a job that failed. */
  static final int BAD_INPUT = Misuse.STATUS;

  static final int FAILED = 1;

  /** What was asked for did not pass its checks, or another was first. */
  static final int REFUSED = 3;

  /** This machine can't build engines. */
  static final int NOT_BUILT = EngineCommand.NOT_BUILT;

  public static void main(String[] args) {
    System.exit(run(args));
  }

  static int run(String... args) {
    return run(new PrintWriter(System.err, true, StandardCharsets.UTF_8), args);
  }

  static CommandLine commandLine() {
    return new CommandLine(new Stillhouse()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  /**
   * @param err is told of what went wrong
   * @return the exit code
   */
  static int run(PrintWriter err, String... args) {
    return commandLine()
        .setErr(err)
        .setParameterExceptionHandler(Misuse::told)
        .setExecutionExceptionHandler((e, command, parsed) -> report(e, command.getErr()))
        .execute(args);
  }

  /** What the user can mend is said in a sentence; what he can't keeps its stack trace. */
  private static int report(Exception e, PrintWriter err) {
    if (OrderlyStop.begun()) {
      err.println("stopped: " + Failure.of(e).message()); // what ended of that needs no trace
      return FAILED;
    }
    Failure failure = Failure.of(e);
    err.println("error: " + failure.message());
    if (failure.mendable()) {
      return BAD_INPUT;
    }
    e.printStackTrace(err);
    return FAILED;
  }
}
