package stillhouse.canary;

import java.util.List;
import java.util.stream.Collectors;

/** All that was looked at: it passes where every check does. */
public record Verdict(List<Check> checks) {
  public Verdict {
    checks = List.copyOf(checks);
  }

  public boolean passed() {
    return failed().isEmpty();
  }

  public List<Check> failed() {
    return checks.stream().filter(check -> !check.passed()).toList();
  }

  /** In a few words: {@code passed}, or which failed. */
  public String summary() {
    return passed()
        ? "passed"
        : failed().stream().map(Check::name).collect(Collectors.joining(", ", "FAILED ", ""));
  }

  /** A line a check. */
  public String text() {
    return checks.stream().map(Check::toString).collect(Collectors.joining("\n"));
  }
}
