package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaConcurrentModificationException;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.actions.Action;
import org.apache.spark.sql.delta.actions.AddFile;
import org.apache.spark.sql.delta.actions.SetTransaction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.JavaConverters;

/**
 * Appends rows to a content-addressed Delta table so that no key is ever there twice.
 *
 * <p>The rows whose keys the table lacks are found <em>by the query that is written</em>: Delta
 * then knows that the append depends on what the table held, and refuses it where another writer
 * has committed since. It is then asked again against the newer table; the rows themselves are
 * staged, so only the copying is repeated. Two blind appends would both be accepted.
 *
 * <p>Of the table only the files are read that can hold one of the keys, by the range of one of
 * their columns, which Delta knows of each file. Rows that come in ranges, as {@link CachePasses}
 * plans them, so meet few files however large the table is. The conflict is looked for all the
 * same: Delta holds the table's log against what was asked, not against the files that were left.
 *
 * <p>Beside that, each commit carries {@code txnAppId} and the next {@code txnVersion}, so a commit
 * whose acknowledgement was lost and which is sent again is skipped. The id is the run's own: were
 * it shared by two runs of the same plan, the second to take a number would be skipped silently,
 * with rows that the first never had. A later run needs no number to know what was committed, it
 * looks for the keys.
 */
final class AppendOnce {
  private static final Logger log = LoggerFactory.getLogger(AppendOnce.class);
  private static final int ATTEMPTS = 20; // each lost to a writer that made progress

  private final SparkSession spark;
  private final String path;
  private final String range;
  private final String[] keys;
  private final String app;
  private final Column among;
  private long version;

  /**
   * @param app names the run and the table: its commits are numbered under this name
   * @param range a column, never null, that is equal in rows of equal keys
   * @param keys the columns that are unique together in the table
   */
  AppendOnce(SparkSession spark, String path, String app, String range, String... keys) {
    this(spark, path, app, lit(true), range, keys);
  }

  private AppendOnce(
      SparkSession spark, String path, String app, Column among, String range, String... keys) {
    this.spark = spark;
    this.among = among;
    this.path = path;
    this.range = range;
    this.keys = keys;
    this.app = app;
  }

  /**
   * The same of rows that share a property with all rows of their keys: the table's other files are
   * not read.
   */
  AppendOnce among(Column property) {
    return new AppendOnce(spark, path, app, property, range, keys);
  }

  /** Makes the table where there is none; its files can be read as plain Parquet. */
  static void create(SparkSession spark, String path, StructType type) {
    if (exists(spark, path)) {
      return;
    }
    try {
      // By path alone: the catalog takes a log folder that another writer has just made for a
      // table.
      spark
          .createDataFrame(List.<Row>of(), type)
          .write()
          .format("delta")
          .mode("append")
          .option("delta.enableDeletionVectors", "false")
          .save(path);
    } catch (DeltaConcurrentModificationException e) {
      if (!exists(spark, path)) {
        throw e;
      }
      log.info("Another writer made {} first", path);
    }
  }

  /** By its first commit: a log folder alone may be another writer's, not yet filled. */
  private static boolean exists(SparkSession spark, String path) {
    return CacheTables.version(spark, path) >= 0;
  }

  /**
   * @param rows with distinct keys; read more than once, so they stand in files
   * @return how many were committed: those that another writer was first with are not
   */
  long append(Dataset<Row> rows) {
    Column within = within(rows);
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      long missing = missing(rows, within).count();
      if (missing == 0) {
        return 0;
      }
      try {
        long before = CacheTables.version(spark, path);
        commit(rows, within, version + 1);
        version++;
        return committed(before);
      } catch (DeltaConcurrentModificationException e) {
        log.info("Attempt {} to commit to {} met another writer, asking again", attempt, path);
      }
    }
    throw new IllegalStateException(
        "Cannot commit to %s: other writers were first in %d attempts. Refresh one table from fewer drivers at a time."
            .formatted(path, ATTEMPTS));
  }

  /** Rows of this run's last commit, by the table's log. */
  private long committed(long before) {
    var later = DeltaLog.forTable(spark, path).getChanges(before + 1, false);
    while (later.hasNext()) {
      List<Action> actions = JavaConverters.seqAsJavaList(later.next()._2());
      if (actions.stream().anyMatch(this::isOwn)) {
        return actions.stream()
            .filter(AddFile.class::isInstance)
            .mapToLong(file -> (Long) ((AddFile) file).numLogicalRecords().get())
            .sum();
      }
    }
    throw new IllegalStateException(
        "Cannot find commit %d of %s in the log of %s after version %d. Was the table restored?"
            .formatted(version, app, path, before));
  }

  private boolean isOwn(Action action) {
    return action instanceof SetTransaction own
        && own.appId().equals(app)
        && own.version() == version;
  }

  /**
   * @return how many of the rows the table lacks now
   */
  long lacking(Dataset<Row> rows) {
    return missing(rows, within(rows)).count();
  }

  /** Which of the table's rows can have a key of {@code rows}; null, of no row, where none has. */
  private Column within(Dataset<Row> rows) {
    Row ends = rows.agg(min(range), max(range)).first();
    return col(range).between(ends.get(0), ends.get(1));
  }

  /**
   * One commit under a given number; nothing is written where the table has reached it already.
   *
   * @param within which of the table's rows can have one of their keys
   */
  void commit(Dataset<Row> rows, Column within, long version) {
    // Only keys are matched and sent round; the rows themselves are never shuffled.
    rows.join(broadcast(missing(rows, within)), keys, "left_semi")
        .write()
        .format("delta")
        .mode("append")
        .option("mergeSchema", "true")
        .option("compression", "zstd")
        .option("txnAppId", app)
        .option("txnVersion", Long.toString(version))
        .save(path);
  }

  /** The keys of {@code rows} that the table lacks; its own keys stay where they are read. */
  Dataset<Row> missing(Dataset<Row> rows, Column within) {
    Dataset<Row> asked = rows.selectExpr(keys);
    Dataset<Row> there =
        table().where(within.and(among)).selectExpr(keys).join(broadcast(asked), keys, "left_semi");
    return asked.join(broadcast(there), keys, "left_anti");
  }

  /** With every key: an older table lacks those that came later, and has no row of theirs. */
  private Dataset<Row> table() {
    Dataset<Row> table = CacheTables.delta(spark, path);
    List<String> there = List.of(table.columns());
    for (String key : keys) {
      if (!there.contains(key)) {
        table = table.withColumn(key, lit(null).cast(DataTypes.StringType));
      }
    }
    return table;
  }
}
