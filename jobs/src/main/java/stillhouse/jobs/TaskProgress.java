package stillhouse.jobs;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import stillhouse.cache.Progress;

/** Says now and then how far one long Spark stage is: what its ended tasks have counted. */
final class TaskProgress implements AutoCloseable {
  private static final long SECONDS = 20;

  private final LongAccumulator done;
  private final Progress progress;
  private final String phase;
  private final long total;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          run -> {
            Thread thread = new Thread(run, "progress");
            thread.setDaemon(true);
            return thread;
          });
  private long told;

  private TaskProgress(LongAccumulator done, Progress progress, String phase, long total) {
    this.done = done;
    this.progress = progress;
    this.phase = phase;
    this.total = total;
  }

  /**
   * @param phase what is counted
   */
  static TaskProgress of(SparkSession spark, String job, String phase, long total) {
    TaskProgress made =
        new TaskProgress(
            spark.sparkContext().longAccumulator(job + ": " + phase),
            new ConsoleProgress(job),
            phase,
            total);
    made.clock.scheduleAtFixedRate(made::tell, SECONDS, SECONDS, TimeUnit.SECONDS);
    return made;
  }

  /** What tasks count with. */
  LongAccumulator done() {
    return done;
  }

  /** A task that ran twice counted twice. */
  private void tell() {
    long now = Math.min(total, done.value());
    if (now > told) {
      told = now;
      progress.report(now, total, phase);
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
