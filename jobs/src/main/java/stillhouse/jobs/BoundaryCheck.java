package stillhouse.jobs;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import stillhouse.canary.Check;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Difference;

/**
 * How far boundary IoU may fall below another's on the same images. The difference as it is
 * decides; its interval over image groups stands beside it.
 *
 * @param maxDrop a share
 */
record BoundaryCheck(SparkSession spark, RootOption root, double maxDrop) {
  /** How far it may fall where nothing else is said. */
  static final double MAX_DROP = 0.01;

  private static final String NAME = "boundary IoU";

  /**
   * @param whose the other's figures, as a sentence goes on after "the"
   */
  Check of(EvaluatedRun other, String whose, EvaluatedRun scored) {
    Optional<Double> before = value(other);
    Optional<Double> now = value(scored);
    if (before.isEmpty() || now.isEmpty()) {
      return Check.of(
          NAME,
          before.isEmpty() && now.isEmpty(),
          "%s, the %s is %s: no image of split %s shows a class"
              .formatted(text(now), whose, text(before), scored.score().split()));
    }
    var pair = new RunPairs.Pair(other, scored);
    Difference difference =
        RunDraws.differences(pair, new RunDraws(spark, root).of(pair))
            .differences()
            .get(Metric.BOUNDARY_IOU);
    return new Check(
        NAME,
        -difference.observed() <= maxDrop,
        String.format(
            Locale.ROOT,
            "%s, the %s is %s: difference %+.4f, 95%% of paired draws %+.4f to %+.4f (may fall by %.4f)",
            text(now),
            whose,
            text(before),
            difference.observed(),
            difference.low(),
            difference.high(),
            maxDrop),
        Map.of(
            "boundary_iou_difference", difference.observed(),
            "boundary_iou_difference_low", difference.low(),
            "boundary_iou_difference_high", difference.high(),
            "max_boundary_drop", maxDrop));
  }

  private static Optional<Double> value(EvaluatedRun run) {
    return Optional.ofNullable(run.score().metrics().get(Metric.BOUNDARY_IOU.key()));
  }

  private static String text(Optional<Double> value) {
    return value.map(v -> String.format(Locale.ROOT, "%.4f", v)).orElse("not defined");
  }
}
