package stillhouse.jobs;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfigException;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedBootstrap.Difference;
import stillhouse.metrics.PairedDraws;
import stillhouse.predict.ImageTable;

/** Draws groups of images of two evaluated runs, the same for both and for every pair. */
record RunDraws(SparkSession spark, RootOption root) {
  static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(2000, 0);

  /** After a metric's name, the interval's ends. */
  static final String LOW = "_95_low";

  static final String HIGH = "_95_high";

  /**
   * @throws ConfigException where the two were evaluated on different samples
   */
  PairedDraws of(RunPairs.Pair pair) {
    try {
      return ImageTable.draws(
          spark,
          root.absolute(pair.baseline().score().images()),
          root.absolute(pair.candidate().score().images()),
          BOOTSTRAP);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }

  /**
   * 95 % intervals of a run's own metrics, by the draws that differences are taken of.
   *
   * @param images its table of per-image counts
   * @return by flat names: {@code iou_95_low}, {@code iou_95_high}, …, and {@code groups}
   */
  static Map<String, Double> intervals(SparkSession spark, String images) {
    PairedDraws draws = ImageTable.draws(spark, images, BOOTSTRAP);
    Map<String, Double> intervals = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      PairedBootstrap.interval(draws, metric)
          .ifPresent(
              interval -> {
                intervals.put(metric.key() + LOW, interval.low());
                intervals.put(metric.key() + HIGH, interval.high());
              });
    }
    intervals.put("groups", (double) draws.groups());
    return intervals;
  }

  /**
   * @throws ConfigException where no image has a pixel of what is scored
   */
  static RecipeComparison.Seed differences(RunPairs.Pair pair, PairedDraws draws) {
    try {
      Map<Metric, Difference> differences = new EnumMap<>(Metric.class);
      for (Metric metric : Metric.values()) {
        differences.put(metric, PairedBootstrap.difference(draws, metric));
      }
      return new RecipeComparison.Seed(pair, differences);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }
}
