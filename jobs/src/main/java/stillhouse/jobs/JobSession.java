package stillhouse.jobs;

import org.apache.spark.sql.SparkSession;

/** The Spark session that every job runs in. What the cluster is comes from spark-submit. */
final class JobSession {
  private JobSession() {}

  static SparkSession open(String job) {
    return SparkSession.builder()
        .appName("stillhouse " + job)
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config(
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.databricks.delta.properties.defaults.enableDeletionVectors", "false")
        .config("spark.task.reaper.enabled", "true")
        .config("spark.sql.shuffle.partitions", System.getProperty("stillhouse.partitions", "8"))
        .getOrCreate();
  }
}
