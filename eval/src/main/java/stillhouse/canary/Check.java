package stillhouse.canary;

import java.util.Map;

/**
 * One thing that was looked at.
 *
 * @param figures what was found, and its limit, for a person
 * @param values what was found, by name; all finite
 */
public record Check(String name, boolean passed, String figures, Map<String, Double> values) {
  public Check {
    values = Map.copyOf(values);
  }

  /** Of nothing that is a number. */
  public static Check of(String name, boolean passed, String figures) {
    return new Check(name, passed, figures, Map.of());
  }

  @Override
  public String toString() {
    return (passed ? "passed  " : "FAILED  ") + name + ": " + figures;
  }
}
