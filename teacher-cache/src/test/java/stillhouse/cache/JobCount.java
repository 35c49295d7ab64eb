package stillhouse.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.SparkSession;

/** The Spark jobs that start while it is open, by their descriptions. */
final class JobCount extends SparkListener implements AutoCloseable {
  private final SparkSession spark;
  private final List<String> jobs = new CopyOnWriteArrayList<>();

  JobCount(SparkSession spark) {
    this.spark = spark;
    spark.sparkContext().addSparkListener(this);
  }

  @Override
  public void onJobStart(SparkListenerJobStart job) {
    jobs.add(String.valueOf(job.properties().getProperty("spark.job.description")));
  }

  List<String> descriptions() {
    try {
      spark.sparkContext().listenerBus().waitUntilEmpty(10_000);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException("Spark's listeners are behind", e);
    }
    return new ArrayList<>(jobs);
  }

  @Override
  public void close() {
    spark.sparkContext().removeSparkListener(this);
  }
}
