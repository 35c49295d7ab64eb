package stillhouse.cache;

import java.sql.Timestamp;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.CollectionAccumulator;
import stillhouse.data.Samples;

/**
 * What could not be computed of one chunk. It comes to the driver with the results of the tasks
 * that succeed, so that the rows that are written are the table's own: a few hundred bytes an
 * image, of no more images than a chunk has.
 */
final class Failures {
  private final CollectionAccumulator<Outcome.Failed> told = new CollectionAccumulator<>();

  Failures(SparkContext context) {
    context.register(told); // without a name: Spark would keep named ones task by task
  }

  /** The work's rows; what has none is told here. */
  MapPartitionsFunction<Row, Row> apartFrom(Outcome.Work work) {
    CollectionAccumulator<Outcome.Failed> here = told;
    return rows ->
        StreamSupport.stream(Spliterators.spliteratorUnknownSize(work.call(rows), 0), false)
            .flatMap(outcome -> stored(outcome, here))
            .iterator();
  }

  private static Stream<Row> stored(
      Outcome outcome, CollectionAccumulator<Outcome.Failed> failures) {
    if (outcome instanceof Outcome.Failed failed) {
      failures.add(failed);
      return Stream.empty();
    }
    return Stream.of(((Outcome.Stored) outcome).row());
  }

  /** Each once, however often Spark ran a task, by its images' names. */
  List<Outcome.Failed> all() {
    return new LinkedHashSet<>(told.value())
        .stream()
            .sorted(
                Comparator.comparing((Outcome.Failed failed) -> failed.uris().get(0))
                    .thenComparing(Outcome.Failed::key))
            .toList();
  }

  /**
   * Rows of the quarantine table.
   *
   * @param stage of the work
   */
  static Dataset<Row> quarantined(SparkSession spark, List<Outcome.Failed> failures, String stage) {
    Timestamp now = Timestamp.from(Instant.now());
    List<Row> rows =
        failures.stream()
            .flatMap(failed -> failed.uris().stream().map(uri -> row(uri, failed, stage, now)))
            .toList();
    return spark
        .createDataFrame(rows, CacheTables.QUARANTINE)
        .dropDuplicates(new String[] {"image_uri", "reason", "stage", Samples.CACHE_KEY});
  }

  private static Row row(String uri, Outcome.Failed failed, String stage, Timestamp now) {
    return RowFactory.create(uri, failed.reason(), failed.detail(), stage, now, failed.key());
  }
}
