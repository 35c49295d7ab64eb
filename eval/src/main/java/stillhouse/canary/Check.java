package stillhouse.canary;

/**
 * One thing that was looked at.
 *
 * @param figures what was found, and its limit
 */
public record Check(String name, boolean passed, String figures) {
  @Override
  public String toString() {
    return (passed ? "passed  " : "FAILED  ") + name + ": " + figures;
  }
}
