package stillhouse.train;

import java.util.Map;
import java.util.TreeMap;
import stillhouse.train.EpochGate.Decision;

/**
 * One look at a run, as it is kept beside the run's checkpoints.
 *
 * @param epoch epochs ended
 * @param step steps taken since the run began
 * @param weights {@link WeightDigest} of the checkpoint that was looked at
 * @param of split, metric and images: looks are compared with those that are of the same
 * @param score higher is better
 * @param metrics all that was measured, by name
 * @param decision what followed from it and the looks before
 * @param millis when it was taken, since 1970; 0 in files from before that was kept
 */
public record ValidationLook(
    int epoch,
    long step,
    String weights,
    String of,
    double score,
    Map<String, Double> metrics,
    Decision decision,
    long millis) {
  public ValidationLook {
    metrics = new TreeMap<>(metrics);
    if (!Double.isFinite(score)) {
      throw new IllegalArgumentException(
          "Invalid score of epoch " + epoch + ": " + score + " (must be finite)");
    }
  }

  ValidationLook with(Decision other) {
    return new ValidationLook(epoch, step, weights, of, score, metrics, other, millis);
  }
}
