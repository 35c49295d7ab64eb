package stillhouse.jobs;

import org.apache.spark.sql.SparkSession;
import stillhouse.teacher.TeacherPoolPlugin;
import stillhouse.train.TrainingPlugin;

/** The Spark session that every job runs in. What the cluster is comes from spark-submit. */
final class JobSession {
  // Reports of ranks while they train; teachers closed with their executor.
  private static final String PLUGINS =
      TrainingPlugin.class.getName() + "," + TeacherPoolPlugin.class.getName();

  private JobSession() {}

  static SparkSession open(String job) {
    return SparkSession.builder()
        .appName("stillhouse " + job)
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config(
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.databricks.delta.properties.defaults.enableDeletionVectors", "false")
        .config("spark.plugins", PLUGINS)
        .config("spark.task.reaper.enabled", "true")
        .getOrCreate();
  }
}
