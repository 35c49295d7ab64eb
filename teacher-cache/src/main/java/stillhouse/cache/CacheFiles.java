package stillhouse.cache;

import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.runtime.BoxedUnit;

/**
 * How Parquet files of rows of megabytes are written. With the library's defaults 250 rows of 2 MiB
 * make row groups of 200 MiB and pages of 100 rows, and a heap of 1 GiB does not suffice; with
 * these settings a page holds one such row and a row group about 16.
 */
final class CacheFiles {
  /** So many values of a filter Parquet looks for one by one; of more, only between the ends. */
  static final int KEYS = 256;

  /** About what a file of tensors is to have. */
  static final long FILE_BYTES = 128L << 20;

  private static final Map<String, String> SETTINGS =
      Map.of(
          "spark.sql.parquet.pushdown.inFilterThreshold", Integer.toString(KEYS),
          // It would send rows round after they were made, and count what failed of a stage twice.
          "spark.databricks.delta.optimizeWrite.enabled", "false",
          "spark.databricks.delta.stats.collect", "true", // how many rows a file has
          "parquet.page.size.row.check.min", "1", // the size is looked at after every row
          "parquet.enable.dictionary",
              "false", // no two tensors are equal; it holds and hashes them
          "parquet.block.size", Integer.toString(32 << 20),
          "parquet.page.verify-checksum.enabled", "true", // keys have no sum of their own
          "spark.sql.parquet.compression.codec", "zstd",
          // Rows are few and large: compiling a stage takes longer than the stage.
          "spark.sql.codegen.wholeStage", "false");

  private static final String ROWS_A_FILE = "spark.sql.files.maxRecordsPerFile";
  private static final long AT_FIRST = 32; // rows of 16 MiB, SAM 2's maps in fp32, are 512 MiB

  private CacheFiles() {}

  /**
   * A session of the same application with the caller's settings and the ones above: a session's
   * configuration is the only place from which Delta takes them.
   */
  static SparkSession session(SparkSession caller) {
    SparkSession session = caller.newSession();
    scala.collection.JavaConverters.mapAsJavaMap(caller.conf().getAll())
        .forEach(
            (key, value) -> {
              if (!key.startsWith("spark.") || session.conf().isModifiable(key)) {
                session.conf().set(key, value);
              }
            });
    SETTINGS.forEach(session.conf()::set);
    return session;
  }

  /**
   * Writes rows with tensors into files of some 128 MiB. Until a file is closed, Parquet holds the
   * least and the greatest value of each column of each of its row groups: of tensors of which a
   * row group has few, that is most of the file.
   *
   * @param rowBytes what a row takes in a file; 0 where none was written yet
   */
  static <T> T bounded(SparkSession session, StructType type, long rowBytes, Supplier<T> write) {
    if (CacheTable.tensors(type).isEmpty()) {
      return write.get();
    }
    long rows = rowBytes == 0 ? AT_FIRST : Math.max(1, FILE_BYTES / rowBytes);
    session.conf().set(ROWS_A_FILE, rows);
    try {
      return write.get();
    } finally {
      session.conf().unset(ROWS_A_FILE);
    }
  }

  /**
   * Delta takes how files are read and written from the session that is active in this thread,
   * whichever asks.
   */
  static <T> T active(SparkSession session, Supplier<T> work) {
    Option<SparkSession> before = SparkSession.getActiveSession();
    SparkSession.setActiveSession(session);
    try {
      return work.get();
    } finally {
      before.foreach(
          caller -> {
            SparkSession.setActiveSession(caller);
            return BoxedUnit.UNIT;
          });
    }
  }
}
