package stillhouse.cache;

import java.sql.Timestamp;
import java.util.Map;

/**
 * One version of a registered model that became its champion.
 *
 * @param id drawn anew for each promotion: by it one knows its own row
 * @param generation of the model's champions, from 1
 * @param version in the registry
 * @param previousVersion of the champion before it; empty of the first
 * @param run its folder under runs/
 * @param variant which precision of the run's file: {@value #FP32} of rows from before there were
 *     others
 * @param mlflowRun id of its MLflow run
 * @param onnxSha256 of the file
 * @param split that it was scored on
 * @param samples digest of the images that it was scored on
 * @param figures by which it was let pass, by name
 */
public record Promotion(
    String id,
    String model,
    long generation,
    String version,
    String previousVersion,
    String run,
    String variant,
    String mlflowRun,
    String onnxSha256,
    String split,
    String samples,
    Map<String, Double> figures,
    Timestamp at) {
  static final String FP32 = "fp32";

  public Promotion {
    if (generation < 1) {
      throw new IllegalArgumentException(
          "Invalid generation of model " + model + ": " + generation + " (must be ≥ 1)");
    }
    figures = Map.copyOf(figures);
  }

  /** As evaluations name it: the run, and behind a dot which precision; nothing for FP32. */
  public String name() {
    return variant.equals(FP32) ? run : run + "." + variant;
  }
}
