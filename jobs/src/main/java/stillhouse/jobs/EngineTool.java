package stillhouse.jobs;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import stillhouse.conf.ConfigException;
import stillhouse.tracking.TrackingException;

/** {@code stillhouse engine} alone, for machines that have no Spark: the main class of a jar. */
public final class EngineTool {
  private EngineTool() {}

  public static void main(String[] args) {
    var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(
        new CommandLine(new EngineCommand())
            .setCommandName("stillhouse engine")
            .setErr(err)
            .setParameterExceptionHandler(Misuse::told)
            .setExecutionExceptionHandler((e, command, parsed) -> report(e, command.getErr()))
            .execute(args));
  }

  private static int report(Exception e, PrintWriter err) {
    err.println("error: " + (e.getMessage() == null ? e : e.getMessage()));
    if (e instanceof ConfigException || e instanceof TrackingException) {
      return Misuse.STATUS;
    }
    e.printStackTrace(err);
    return CommandLine.ExitCode.SOFTWARE;
  }
}
