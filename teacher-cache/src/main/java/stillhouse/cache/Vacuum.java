package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import io.delta.tables.DeltaTable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.Snapshot;
import stillhouse.conf.ConfigException;

/**
 * Delta's VACUUM with a retention that honours pins: a file that a pinned version names was taken
 * out after the pin was made, so to keep all that went since then is to keep it.
 */
final class Vacuum {
  private static final String CHECK = "spark.databricks.delta.retentionDurationCheck.enabled";

  private final SparkSession spark;
  private final Duration retain;
  private final List<Pin> pins;
  private final boolean dryRun;

  /**
   * @param retain of files that no newest version names, at least
   */
  Vacuum(SparkSession spark, Duration retain, List<Pin> pins, boolean dryRun) {
    this.spark = spark;
    this.retain = retain;
    this.pins = pins;
    this.dryRun = dryRun;
  }

  /** Hours for which files of a table are kept that its newest version does not name. */
  long hours(String table) {
    long now = Instant.now().toEpochMilli();
    long pinned =
        pins.stream()
            .filter(pin -> pin.versions().containsKey(table))
            .mapToLong(pin -> now - pin.since() + Duration.ofHours(1).toMillis())
            .max()
            .orElse(0);
    long needed = Math.max(retain.toMillis(), pinned);
    long hour = Duration.ofHours(1).toMillis();
    return (needed + hour - 1) / hour;
  }

  /**
   * Before anything goes: Delta asks for a retention of no less than the table's own.
   *
   * @throws ConfigException where that is longer than was given
   */
  void requireRetention(String path) {
    Snapshot now = CacheTables.newest(spark, path);
    Duration own = Duration.ofMillis(DeltaLog.tombstoneRetentionMillis(now.metadata()));
    boolean checked = !"false".equals(spark.conf().get(CHECK, "true"));
    if (checked && retain.compareTo(own) < 0) {
      throw new ConfigException(
          "Invalid --retain: %d h (must be >= %d h, the property delta.deletedFileRetentionDuration of %s; or --no-vacuum)"
              .formatted(retain.toHours(), own.toHours(), path));
    }
  }

  GcReport.Vacuum run(String name, String path) {
    long hours = hours(name);
    spark.sparkContext().setJobDescription("gc: vacuum " + name);
    Row old = old(path, Instant.now().minus(Duration.ofHours(hours)).toEpochMilli());
    if (!dryRun) {
      vacuum(path, hours);
    }
    return new GcReport.Vacuum(name, hours, old.getLong(0), old.getLong(1));
  }

  /** A table is one flat folder: Spark's 10,000 tasks to list it would find it in one of them. */
  private void vacuum(String path, long hours) {
    SparkSession session = CacheFiles.session(spark);
    String tasks = Integer.toString(spark.sparkContext().defaultParallelism());
    session.conf().set("spark.sql.sources.parallelPartitionDiscovery.parallelism", tasks);
    DeltaTable.forPath(session, path).vacuum(hours);
  }

  private Row old(String path, long before) {
    Snapshot now = CacheTables.newest(spark, path);
    return now.tombstones()
        .toDF()
        .where(col("deletionTimestamp").leq(before))
        .agg(count(lit(1)), coalesce(sum("size"), lit(0L)))
        .first();
  }
}
