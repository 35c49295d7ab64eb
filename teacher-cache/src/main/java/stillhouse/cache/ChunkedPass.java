package stillhouse.cache;

import static org.apache.spark.sql.functions.col;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import stillhouse.teacher.TeacherException;

/**
 * Fills one table chunk by chunk. A chunk is computed once, into files of the table's own folder,
 * and then committed; what could not be computed goes to the quarantine table with its reason.
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
  long run(List<Chunk> chunks, Outcome.Work compute, long reused) {
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
        written += commit(chunk, compute, live, reused + written);
      }
      done += chunk.rows();
      progress.report(done, total, phase);
    }
    return written;
  }

  void describe(String what) {
    spark.sparkContext().setJobDescription("cache: " + phase + ", " + what);
  }

  private long commit(Chunk chunk, Outcome.Work compute, LiveCount live, long stored) {
    var failures = new Failures(spark.sparkContext());
    MapPartitionsFunction<Row, Row> rows = live.counting(failures.apartFrom(compute));
    Transactions.Written written =
        table.write(chunk.work().get().mapPartitions(rows, Encoders.row(type)));
    List<Outcome.Failed> failed = failures.all();
    try {
      require(written, failed, stored);
      if (!failed.isEmpty()) {
        quarantine.append(quarantined(failed));
      }
    } catch (RuntimeException e) {
      table.discard(written);
      throw e;
    }
    return table.append(written);
  }

  private void require(Transactions.Written written, List<Outcome.Failed> failed, long stored) {
    List<Outcome.Failed> byTeacher = failed.stream().filter(Outcome.Failed::byTeacher).toList();
    if (!byTeacher.isEmpty() && !asked(written)) {
      requireSome(byTeacher, stored);
    }
    boolean unread = failed.stream().allMatch(f -> f.reason().equals(Outcome.UNREADABLE));
    if (unread && written.rows() == 0) {
      requireStorage(failed);
    }
  }

  /** Whether the teacher has said anything of these rows. */
  private boolean asked(Transactions.Written written) {
    return !written.files().isEmpty()
        && !table.read(written).where(col(value).isNotNull()).isEmpty();
  }

  /**
   * One image's bad values, or the teacher's failing on it, are the image's own. But where no image
   * of a chunk does better, and there are many or none ever did, it is the teacher: nothing is put
   * into quarantine and the job ends. Images that an earlier run has put there are no news.
   *
   * @param failed all that the teacher was asked about
   * @param stored units of this teacher that the table has
   */
  private void requireSome(List<Outcome.Failed> failed, long stored) {
    int count = failed.size();
    boolean few =
        stored > 0 && (count < TELLING || quarantine.lacking(quarantined(failed)) < TELLING);
    if (few) {
      return;
    }
    Outcome.Failed example = failed.get(0);
    throw new TeacherException(
        "Cannot store %s of any of %d images, for example %s: %s. None of them does better, so it is the teacher: check its file, preprocessing and device (teacher check), then run the cache job again. Where it answers other images well, take these out of the data set."
            .formatted(phase, count, example.uris(), example.detail()));
  }

  /**
   * A picture that can't be read is its own fault, but all of a chunk at once are the storage's:
   * nothing is put into quarantine and the job ends. One alone may be damaged, and those that an
   * earlier run has put there are no news.
   */
  private void requireStorage(List<Outcome.Failed> unread) {
    if (unread.size() < 2 || quarantine.lacking(quarantined(unread)) < 2) {
      return;
    }
    Outcome.Failed example = unread.get(0);
    String uri = example.uris().get(0);
    throw new IllegalStateException(
        "Cannot read any of %d images under %s, for example %s: %s. So many at once are not damaged each by itself: check that this storage answers and that the job may read it, then run the cache job again. Where the files are gone, ingest first."
            .formatted(unread.size(), new Path(uri).getParent(), uri, example.detail()));
  }

  private Dataset<Row> quarantined(List<Outcome.Failed> failed) {
    return Failures.quarantined(spark, failed, "cache: " + phase);
  }
}
