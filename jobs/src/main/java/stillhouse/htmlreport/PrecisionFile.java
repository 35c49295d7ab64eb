package stillhouse.htmlreport;

import java.util.List;
import java.util.OptionalDouble;
import stillhouse.canary.Check;

/**
 * How a file of another precision was made.
 *
 * @param difference of its logits from FP32's, as a share of their deviation; empty where it was
 *     not measured
 * @param inFloat nodes that were not rounded
 * @param calibration by what, on how many images; empty where none was needed
 * @param terms of the canary: its limits, and how many images it looked at; empty where none was
 *     asked of this file
 * @param canary what it looked at when the file was scored
 */
public record PrecisionFile(
    String run,
    String precision,
    long bytes,
    OptionalDouble difference,
    List<String> inFloat,
    String calibration,
    String terms,
    List<Check> canary) {
  public PrecisionFile {
    inFloat = List.copyOf(inFloat);
    canary = List.copyOf(canary);
  }
}
