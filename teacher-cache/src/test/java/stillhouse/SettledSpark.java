package stillhouse;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkExecutorInfo;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Waits after each test for Spark tasks that a failed job left running: they would write into a
 * temporary folder that JUnit is about to remove. Found by JUnit on its own (META-INF/services).
 */
public final class SettledSpark implements AfterEachCallback, AfterAllCallback {
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

  @Override
  public void afterEach(ExtensionContext test) throws Exception {
    settle();
  }

  @Override
  public void afterAll(ExtensionContext tests) throws Exception {
    settle();
  }

  private static void settle() throws Exception {
    var session = SparkSession.getDefaultSession();
    if (session.isEmpty() || session.get().sparkContext().isStopped()) {
      return;
    }
    long start = System.nanoTime();
    while (running(session.get().sparkContext()) > 0 && System.nanoTime() - start < PATIENCE) {
      Thread.sleep(20);
    }
  }

  private static int running(SparkContext spark) throws Exception {
    spark.listenerBus().waitUntilEmpty();
    return Arrays.stream(spark.statusTracker().getExecutorInfos())
        .mapToInt(SparkExecutorInfo::numRunningTasks)
        .sum();
  }
}
