package stillhouse.cache;

import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.LongConsumer;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Row;
import org.apache.spark.util.LongAccumulator;
import scala.collection.JavaConverters;

/**
 * How many rows the running tasks have dealt with so far. Executors send it with their heartbeats
 * ({@code spark.executor.heartbeatInterval}), so it costs no call of its own and a chunk that takes
 * an hour is seen to move.
 */
final class LiveCount extends SparkListener implements AutoCloseable {
  private final SparkContext context;
  private final LongAccumulator dealtWith = new LongAccumulator();
  private final long pauseNanos;
  private final LongConsumer report;
  private final Map<Long, Long> byTask = new HashMap<>();
  private long told;
  private long toldAt = System.nanoTime();

  /**
   * @param pause between two reports at least, however many executors there are
   * @param report takes rows dealt with, more each time; called from Spark's listener thread
   */
  LiveCount(SparkContext context, Duration pause, LongConsumer report) {
    this.context = context;
    this.pauseNanos = pause.toNanos();
    this.report = report;
    context.register(dealtWith, "rows dealt with");
    context.addSparkListener(this);
  }

  /** The same work, counted. */
  MapPartitionsFunction<Row, Row> counting(MapPartitionsFunction<Row, Row> work) {
    LongAccumulator count = dealtWith;
    return rows -> work.call(new Counted(rows, count));
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
    for (var task : JavaConverters.seqAsJavaList(update.accumUpdates())) {
      for (AccumulableInfo info : JavaConverters.seqAsJavaList(task._4())) {
        if (info.id() == dealtWith.id() && info.update().isDefined()) {
          byTask.put((Long) task._1(), (Long) info.update().get());
        }
      }
    }
    if (System.nanoTime() - toldAt >= pauseNanos) {
      tell(byTask.values().stream().mapToLong(Long::longValue).sum());
    }
  }

  private void tell(long now) {
    if (now > told) {
      told = now;
      toldAt = System.nanoTime();
      report.accept(now);
    }
  }

  /** What a task that failed had done is done again by another. */
  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    if (!end.taskInfo().successful()) {
      byTask.remove(end.taskInfo().taskId());
    }
  }

  @Override
  public void close() {
    context.removeSparkListener(this);
  }

  /** A row counts once the work asks for the next one. */
  private static final class Counted implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final LongAccumulator count;
    private boolean inWork;

    Counted(Iterator<Row> rows, LongAccumulator count) {
      this.rows = rows;
      this.count = count;
    }

    @Override
    public boolean hasNext() {
      boolean more = rows.hasNext();
      if (!more) {
        done();
      }
      return more;
    }

    @Override
    public Row next() {
      done();
      Row row = rows.next();
      inWork = true;
      return row;
    }

    private void done() {
      if (inWork) {
        count.add(1);
        inWork = false;
      }
    }
  }
}
