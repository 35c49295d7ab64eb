package stillhouse.jobs;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import scala.Option;
import stillhouse.teacher.TeacherPoolPlugin;
import stillhouse.train.TrainingPlugin;

/**
 * The Spark session that a job runs in. What the cluster is comes from spark-submit. A session that
 * was open before the job began is used and left open.
 *
 * @param ours whether closing ends the session
 */
record JobSession(SparkSession spark, boolean ours) implements AutoCloseable {
  // Reports of ranks while they train; teachers closed with their executor.
  private static final String PLUGINS =
      TrainingPlugin.class.getName() + "," + TeacherPoolPlugin.class.getName();

  /** The settings that a session of {@link #open} will have, known before Spark starts. */
  static SparkConf settings() {
    Option<SparkSession> there = SparkSession.getDefaultSession();
    return there.isDefined() && !there.get().sparkContext().isStopped()
        ? there.get().sparkContext().getConf()
        : new SparkConf().set("spark.plugins", PLUGINS);
  }

  static JobSession open(String job) {
    Option<SparkSession> there = SparkSession.getDefaultSession();
    if (there.isDefined() && !there.get().sparkContext().isStopped()) {
      return new JobSession(there.get(), false);
    }
    return new JobSession(
        SparkSession.builder()
            .appName("stillhouse " + job)
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config(
                "spark.sql.catalog.spark_catalog",
                "org.apache.spark.sql.delta.catalog.DeltaCatalog")
            .config("spark.databricks.delta.properties.defaults.enableDeletionVectors", "false")
            .config("spark.plugins", PLUGINS)
            .config("spark.task.reaper.enabled", "true")
            .getOrCreate(),
        true);
  }

  @Override
  public void close() {
    if (ours) {
      spark.stop();
    }
  }
}
