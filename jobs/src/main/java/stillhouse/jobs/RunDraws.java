package stillhouse.jobs;

import java.util.EnumMap;
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
