package stillhouse.jobs;

import java.io.PrintWriter;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** A command line that is none of the command's. */
final class Misuse {
  static final int STATUS = 2;

  private Misuse() {}

  /** What is wrong, and where the options are listed: not all of them over the one line. */
  static int told(ParameterException e, String[] args) {
    PrintWriter err = e.getCommandLine().getErr();
    err.println("error: " + e.getMessage());
    UnmatchedArgumentException.printSuggestions(e, err);
    err.printf(
        "'%s --help' lists the options%n", e.getCommandLine().getCommandSpec().qualifiedName());
    return STATUS;
  }
}
