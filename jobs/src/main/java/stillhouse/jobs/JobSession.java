package stillhouse.jobs;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import scala.Option;
import stillhouse.spark.LocalFiles;
import stillhouse.teacher.TeacherPoolPlugin;
import stillhouse.train.TrainingPlugin;

/**
 * The Spark session that a job runs in. What the cluster is comes from spark-submit. A session that
 * was open before the job began is used and left open.
 *
 * @param ours whether closing ends the session
 */
record JobSession(SparkSession spark, boolean ours) implements AutoCloseable {
  private static final String PLUGINS = "spark.plugins";
  private static final String EXTENSIONS = "spark.sql.extensions";

  /** The settings that a session of {@link #open} will have, known before Spark starts. */
  static SparkConf settings() {
    Option<SparkSession> there = SparkSession.getDefaultSession();
    if (there.isDefined() && !there.get().sparkContext().isStopped()) {
      return there.get().sparkContext().getConf();
    }
    SparkConf conf = new SparkConf(); // spark-submit's
    // Reports of ranks while they train; teachers closed with their executor.
    add(conf, PLUGINS, TrainingPlugin.class.getName());
    add(conf, PLUGINS, TeacherPoolPlugin.class.getName());
    add(conf, EXTENSIONS, "io.delta.sql.DeltaSparkSessionExtension");
    LocalFiles.settings().forEach(conf::setIfMissing);
    return conf.set(
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .set("spark.databricks.delta.properties.defaults.enableDeletionVectors", "false")
        // A page that changed on disk is found where it is read.
        .set("spark.hadoop.parquet.page.verify-checksum.enabled", "true")
        .set("spark.task.reaper.enabled", "true");
  }

  /** Appends to a setting that is a list of class names, whose others are the user's. */
  private static void add(SparkConf conf, String key, String name) {
    List<String> names =
        Arrays.stream(conf.get(key, "").split(","))
            .map(String::trim)
            .filter(n -> !n.isEmpty())
            .toList();
    if (!names.contains(name)) {
      conf.set(
          key, Stream.concat(names.stream(), Stream.of(name)).collect(Collectors.joining(",")));
    }
  }

  /** The file systems and their credentials that a session of {@link #open} will have. */
  static Configuration hadoop() {
    return SparkHadoopUtil.get().newConfiguration(settings());
  }

  static JobSession open(String job) {
    Option<SparkSession> there = SparkSession.getDefaultSession();
    if (there.isDefined() && !there.get().sparkContext().isStopped()) {
      return new JobSession(there.get(), false);
    }
    OrderlyStop.prepare();
    return new JobSession(
        SparkSession.builder().appName("stillhouse " + job).config(settings()).getOrCreate(), true);
  }

  @Override
  public void close() {
    if (ours) {
      spark.stop();
    }
  }
}
