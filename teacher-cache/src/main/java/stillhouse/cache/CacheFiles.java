package stillhouse.cache;

import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
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
