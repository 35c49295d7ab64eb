package stillhouse.prompts;

import java.util.Iterator;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import stillhouse.cache.CachedFeatures;
import stillhouse.data.ImageSource;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.teacher.TeacherSource;

/**
 * Asks a promptable teacher about every object of labelled samples, by simulated clicks and by
 * boxes. Executors write a row an image; the driver is told sums.
 *
 * @param table where executors write, a Hadoop path that all of them reach; what was there is
 *     replaced
 */
public record PromptEvaluation(PromptProtocol protocol, String table) {
  private static final int IMAGES_A_TASK = 16; // of seconds each: progress is told as tasks end
  private static final long MOST_TASKS = 10_000;
  private static final Encoder<Row> ROW = Encoders.row(PromptTable.SCHEMA);

  /**
   * @param samples labelled, with sample_id, group_id, image_uri, content_sha256, mask, of tiles
   *     with tile and counted
   * @param count how many there are
   * @param done counts images, as tasks end
   */
  public PromptResult run(
      SparkSession spark,
      Dataset<Row> samples,
      long count,
      TeacherSource teacher,
      CachedFeatures features,
      ImageSource images,
      PairedBootstrap bootstrap,
      LongAccumulator done) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    PromptTask task = new PromptTask(teacher, images, features.keys(), protocol);
    Broadcast<PromptTask> shared = context.broadcast(task);
    try {
      spark.sparkContext().setJobDescription("prompts: ask about images that are not cached");
      Dataset<Row> open = features.missing(samples).repartition(tasks(context, count));
      write(open.mapPartitions(rows(shared, done, false), ROW), SaveMode.Overwrite);
      spark.sparkContext().setJobDescription("prompts: ask about cached images");
      features.cached(
          samples,
          part -> write(part.mapPartitions(rows(shared, done, true), ROW), SaveMode.Append));
      spark.sparkContext().setJobDescription("prompts: sum what was found");
      return PromptTable.result(spark, table, protocol, bootstrap);
    } finally {
      spark.sparkContext().setJobDescription(null);
      shared.destroy();
    }
  }

  private void write(Dataset<Row> rows, SaveMode mode) {
    rows.write().mode(mode).parquet(table);
  }

  /** The accumulator is each task's own; of a broadcast there is one an executor. */
  private static MapPartitionsFunction<Row, Row> rows(
      Broadcast<PromptTask> task, LongAccumulator done, boolean cached) {
    return rows -> {
      Iterator<Row> scored = cached ? task.value().cached(rows) : task.value().asked(rows);
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return scored.hasNext();
        }

        @Override
        public Row next() {
          Row row = scored.next();
          done.add(1);
          return row;
        }
      };
    };
  }

  private static int tasks(JavaSparkContext context, long count) {
    long tasks =
        Math.max(context.defaultParallelism(), (count + IMAGES_A_TASK - 1) / IMAGES_A_TASK);
    return (int) Math.min(MOST_TASKS, tasks);
  }
}
