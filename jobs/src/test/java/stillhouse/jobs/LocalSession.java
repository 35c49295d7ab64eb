package stillhouse.jobs;

import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** A job's session inside this JVM; closing it leaves nothing behind. */
final class LocalSession implements AutoCloseable {
  static final Map<String, String> TWO_THREADS =
      Map.of(
          "spark.master", "local[2]",
          "spark.ui.enabled", "false",
          "spark.driver.host", "127.0.0.1",
          "spark.sql.shuffle.partitions", "1",
          "spark.sql.adaptive.enabled", "false",
          "spark.databricks.delta.snapshotPartitions", "1",
          "spark.sql.codegen.wholeStage", "false",
          "spark.sql.codegen.factoryMode", "NO_CODEGEN");
  private final Map<String, String> settings;
  private final JobSession session;

  LocalSession() {
    this(TWO_THREADS);
  }

  /**
   * @param settings what spark-submit would set
   */
  LocalSession(Map<String, String> settings) {
    this.settings = settings;
    settings.forEach(System::setProperty);
    session = JobSession.open("test");
  }

  SparkSession spark() {
    return session.spark();
  }

  @Override
  public void close() {
    session.close();
    settings.keySet().forEach(System::clearProperty);
  }
}
