package stillhouse;

import java.util.Map;
import org.apache.spark.sql.SparkSession;
import stillhouse.spark.LocalFiles;

/** The one local session that the tests of this module share; it ends with their JVM. */
public final class Sessions {
  private Sessions() {}

  public static SparkSession local() {
    return of(Map.of("spark.master", "local[2]"));
  }

  /** A session with further settings: for a JVM that has none yet. */
  public static SparkSession of(Map<String, String> settings) {
    SparkSession.Builder builder = SparkSession.builder();
    settings.forEach(builder::config);
    LocalFiles.settings().forEach(builder::config);
    SparkSession spark =
        builder
            .appName("teacher-cache tests")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.ui.retainedExecutions", "100") // plans, kept for a page without one
            .config("spark.executor.heartbeatInterval", "1s") // live counts travel with it
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.databricks.delta.snapshotPartitions", "1")
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config(
                "spark.sql.catalog.spark_catalog",
                "org.apache.spark.sql.delta.catalog.DeltaCatalog")
            .getOrCreate();
    spark.sparkContext().setLogLevel("WARN");
    return spark;
  }
}
