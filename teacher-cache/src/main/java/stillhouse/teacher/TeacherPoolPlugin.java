package stillhouse.teacher;

import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.SparkPlugin;

/**
 * Closes an executor's teachers when the executor stops: {@code
 * spark.plugins=stillhouse.teacher.TeacherPoolPlugin}.
 */
public final class TeacherPoolPlugin implements SparkPlugin {
  /** Null: Spark's way to say that there is nothing to do on the driver. */
  @Override
  public DriverPlugin driverPlugin() {
    return null;
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      @Override
      public void shutdown() {
        TeacherPool.shared().closeAll();
      }
    };
  }
}
