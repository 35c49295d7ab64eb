package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.current_timestamp;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;

import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Fills one table chunk by chunk. A chunk is computed once into the run's staging folder, then
 * committed; what could not be computed goes to the quarantine table with its reason.
 *
 * @param phase the table's name, as progress and job descriptions call it
 * @param type the table's columns
 */
record ChunkedPass(
    SparkSession spark,
    Staging staging,
    AppendOnce table,
    AppendOnce quarantine,
    Progress progress,
    String phase,
    StructType type) {

  /**
   * @param rows planned rows in it
   * @param work the rows to compute from, planned when the chunk's turn comes
   */
  record Chunk(long rows, Supplier<Dataset<Row>> work) {}

  /**
   * @return rows committed
   */
  long run(List<Chunk> chunks, MapPartitionsFunction<Row, Row> compute) {
    long total = chunks.stream().mapToLong(Chunk::rows).sum();
    long done = 0;
    long written = 0;
    for (int i = 0; i < chunks.size(); i++) {
      Chunk chunk = chunks.get((i + staging.start(chunks.size())) % chunks.size());
      describe("chunk %d of %d".formatted(i + 1, chunks.size()));
      written += commit(chunk, compute);
      done += chunk.rows();
      progress.report(done, total, phase);
    }
    return written;
  }

  void describe(String what) {
    spark.sparkContext().setJobDescription("cache: " + phase + ", " + what);
  }

  private long commit(Chunk chunk, MapPartitionsFunction<Row, Row> compute) {
    StructType outcome = Outcome.type(type);
    Dataset<Row> computed = chunk.work().get().mapPartitions(compute, Encoders.row(outcome));
    Dataset<Row> staged = staging.put(phase, computed, outcome);
    Dataset<Row> failures = failures(staged);
    if (!failures.isEmpty()) {
      quarantine.append(failures);
    }
    Dataset<Row> rows = staged.filter(col(Outcome.REASON).isNull());
    long written = table.append(rows.drop(Outcome.URIS, Outcome.REASON, Outcome.DETAIL));
    staging.remove(phase);
    return written;
  }

  private Dataset<Row> failures(Dataset<Row> staged) {
    return staged
        .filter(col(Outcome.REASON).isNotNull())
        .select(
            explode(col(Outcome.URIS)).as("image_uri"),
            col(Outcome.REASON).as("reason"),
            col(Outcome.DETAIL).as("detail"),
            lit("cache: " + phase).as("stage"),
            current_timestamp().as("at"))
        .dropDuplicates("image_uri", "reason", "stage");
  }
}
