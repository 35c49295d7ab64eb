package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.current_timestamp;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.Samples;
import stillhouse.teacher.TeacherException;

/**
 * Fills one table chunk by chunk. A chunk is computed once into the run's staging folder, then
 * committed; what could not be computed goes to the quarantine table with its reason.
 *
 * @param phase the table's name, as progress and job descriptions call it
 * @param type the table's columns
 * @param value one of them that is null where the teacher was asked nothing
 */
record ChunkedPass(
    SparkSession spark,
    Staging staging,
    AppendOnce table,
    AppendOnce quarantine,
    Progress progress,
    String phase,
    StructType type,
    String value) {
  static final Duration PAUSE = Duration.ofSeconds(10);
  // As many that never failed before, and no other beside them: that is not chance.
  private static final long TELLING = 32;

  /**
   * @param rows planned rows in it
   * @param work the rows to compute from, planned when the chunk's turn comes
   */
  record Chunk(long rows, Supplier<Dataset<Row>> work) {}

  /**
   * @param reused units that the table has already
   * @return rows committed
   * @throws TeacherException where nothing that the teacher said of a chunk can be stored
   * @throws IllegalStateException where no image of a chunk can be read
   */
  long run(List<Chunk> chunks, MapPartitionsFunction<Row, Row> compute, long reused) {
    long total = chunks.stream().mapToLong(Chunk::rows).sum();
    long done = 0;
    long written = 0;
    for (int i = 0; i < chunks.size(); i++) {
      Chunk chunk = chunks.get((i + staging.start(chunks.size())) % chunks.size());
      describe("chunk %d of %d".formatted(i + 1, chunks.size()));
      long before = done;
      var context = spark.sparkContext();
      try (var live =
          new LiveCount(context, PAUSE, rows -> progress.report(before + rows, total, phase))) {
        written += commit(chunk, live.counting(compute), reused + written);
      }
      done += chunk.rows();
      progress.report(done, total, phase);
    }
    return written;
  }

  void describe(String what) {
    spark.sparkContext().setJobDescription("cache: " + phase + ", " + what);
  }

  private long commit(Chunk chunk, MapPartitionsFunction<Row, Row> compute, long stored) {
    StructType outcome = Outcome.type(type);
    Dataset<Row> computed = chunk.work().get().mapPartitions(compute, Encoders.row(outcome));
    Dataset<Row> staged = staging.put(phase, computed, outcome);
    Column byTeacher = col(Outcome.REASON).isin(Outcome.UNSTORABLE, Outcome.REFUSED);
    Column unread = col(Outcome.REASON).equalTo(Outcome.UNREADABLE);
    Row counts =
        staged
            .agg(
                count(Outcome.REASON),
                count(when(byTeacher, lit(1))),
                count(col(value)),
                count(when(unread, lit(1))),
                count(lit(1)))
            .first();
    if (counts.getLong(2) == 0) {
      requireSome(staged.filter(byTeacher), counts.getLong(1), stored);
    }
    if (counts.getLong(3) == counts.getLong(4)) {
      requireStorage(staged, counts.getLong(3));
    }
    if (counts.getLong(0) > 0) {
      quarantine.append(failures(staged));
    }
    Dataset<Row> rows = staged.filter(col(Outcome.REASON).isNull());
    long written =
        table.append(rows.drop(Outcome.URIS, Outcome.REASON, Outcome.DETAIL, Outcome.KEY));
    staging.remove(phase);
    return written;
  }

  /**
   * One image's bad values, or the teacher's failing on it, are the image's own. But where no image
   * of a chunk does better, and there are many or none ever did, it is the teacher: nothing is put
   * into quarantine and the job ends. Images that an earlier run has put there are no news.
   *
   * @param count of {@code failed}, which are all that the teacher was asked about
   * @param stored units of this teacher that the table has
   */
  private void requireSome(Dataset<Row> failed, long count, long stored) {
    boolean few = stored > 0 && (count < TELLING || quarantine.lacking(failures(failed)) < TELLING);
    if (count == 0 || few) {
      return;
    }
    Row example = failed.select(Outcome.URIS, Outcome.DETAIL).first();
    throw new TeacherException(
        "Cannot store %s of any of %d images, for example %s: %s. None of them does better, so it is the teacher: check its file, preprocessing and device (teacher check), then run the cache job again. Where it answers other images well, take these out of the data set."
            .formatted(phase, count, example.getList(0), example.getString(1)));
  }

  /**
   * A picture that can't be read is its own fault, but all of a chunk at once are the storage's:
   * nothing is put into quarantine and the job ends. One alone may be damaged, and those that an
   * earlier run has put there are no news.
   */
  private void requireStorage(Dataset<Row> unread, long count) {
    if (count < 2 || quarantine.lacking(failures(unread)) < 2) {
      return;
    }
    Row example = unread.select(Outcome.URIS, Outcome.DETAIL).first();
    String uri = example.<String>getList(0).get(0);
    throw new IllegalStateException(
        "Cannot read any of %d images under %s, for example %s: %s. So many at once are not damaged each by itself: check that this storage answers and that the job may read it, then run the cache job again. Where the files are gone, ingest first."
            .formatted(count, new Path(uri).getParent(), uri, example.getString(1)));
  }

  private Dataset<Row> failures(Dataset<Row> staged) {
    return staged
        .filter(col(Outcome.REASON).isNotNull())
        .select(
            explode(col(Outcome.URIS)).as("image_uri"),
            col(Outcome.REASON).as("reason"),
            col(Outcome.DETAIL).as("detail"),
            lit("cache: " + phase).as("stage"),
            current_timestamp().as("at"),
            col(Outcome.KEY).as(Samples.CACHE_KEY))
        .dropDuplicates("image_uri", "reason", "stage", Samples.CACHE_KEY);
  }
}
