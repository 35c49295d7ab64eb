package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaConcurrentModificationException;
import org.apache.spark.sql.delta.DeltaOperations;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.delta.actions.Action;
import org.apache.spark.sql.delta.actions.AddFile;
import org.apache.spark.sql.delta.actions.SetTransaction;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import stillhouse.cache.Transactions.Written;

/**
 * Appends rows to a content-addressed Delta table so that no key is ever there twice.
 *
 * <p>Rows are written once, into files beside the table's, which the table is then told of: {@link
 * #write}, {@link #append(Written)}. A commit names as its condition what the table held when it
 * was asked which keys it lacks, so Delta refuses it where another writer has committed since, and
 * the table is asked again. Where it has some of the keys by then, the others alone are written
 * anew. Two blind appends would both be accepted.
 *
 * <p>Of the table only the files are read that can hold one of the keys, by the range of one of
 * their columns, which Delta knows of each file. Rows that come in ranges, as {@link CachePasses}
 * plans them, so meet few files however large the table is. The conflict is looked for all the
 * same: the commit says that it has read all of the table.
 *
 * <p>Beside that, each commit carries a transaction id and a rising number, by which one is known
 * to have been made that Delta took for another writer's, its acknowledgement lost. The id is the
 * run's own: were it shared by two runs of the same plan, the second to take a number would be
 * skipped silently, with rows that the first never had. A later run needs no number to know what
 * was committed, it looks for the keys.
 */
final class AppendOnce {
  private static final Logger log = LoggerFactory.getLogger(AppendOnce.class);

  private final SparkSession spark;
  private final String path;
  private final Transactions table;
  private final String range;
  private final String[] keys;
  private final String app;
  private final Column among;
  private long version;
  private long rowBytes; // of what was written last, 0 before

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
    this.table = new Transactions(spark, path);
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

  /**
   * Makes the table where there is none, and gives one of before the columns that it lacks. Its
   * files can be read as plain Parquet.
   *
   * @throws IllegalStateException where a column is there of another type
   */
  static void create(SparkSession spark, String path, StructType type) {
    for (int attempt = 1; !has(spark, path, type); attempt++) {
      try {
        // By path alone: the catalog takes a log folder that another writer has just made for a
        // table.
        spark
            .createDataFrame(List.<Row>of(), type)
            .write()
            .format("delta")
            .mode("append")
            .option("mergeSchema", "true")
            .option("delta.enableDeletionVectors", "false")
            .save(path);
      } catch (DeltaConcurrentModificationException e) {
        if (attempt == Transactions.ATTEMPTS) {
          throw e;
        }
        log.info("Another writer made {} first, or gave it columns", path);
      }
    }
  }

  /** By its commits: a log folder alone may be another writer's, not yet filled. */
  private static boolean has(SparkSession spark, String path, StructType type) {
    Snapshot now = CacheTables.newest(spark, path);
    return now.version() >= 0 && has(path, (StructType) now.schema(), type);
  }

  private static boolean has(String path, StructType there, StructType wanted) {
    List<String> names = List.of(there.fieldNames());
    boolean all = true;
    for (StructField field : wanted.fields()) {
      all &= names.contains(field.name()) && has(path, there.apply(field.name()), field);
    }
    return all;
  }

  private static boolean has(String path, StructField there, StructField wanted) {
    if (there.dataType() instanceof StructType inner && wanted.dataType() instanceof StructType w) {
      return has(path, inner, w);
    }
    if (!wanted.dataType().sameType(there.dataType())) {
      throw new IllegalStateException(
          "Cannot write to %s: its column '%s' is %s, this version of Stillhouse writes %s. Use the version that made the table, or another --root."
              .formatted(
                  path,
                  there.name(),
                  there.dataType().simpleString(),
                  wanted.dataType().simpleString()));
    }
    return true;
  }

  /**
   * Computes the rows, once, into files of which the table does not know yet.
   *
   * @param rows of the table's columns, or some of them, with distinct keys
   */
  Written write(Dataset<Row> rows) {
    Written written = CacheFiles.bounded(spark, rows.schema(), rowBytes, () -> table.write(rows));
    rowBytes = written.rows() == 0 ? rowBytes : written.bytes() / written.rows();
    return written;
  }

  /** The rows as they stand in the files. */
  Dataset<Row> read(Written written) {
    return table.read(written);
  }

  /** Deletes files that the table will not be told of. */
  void discard(Written written) {
    table.discard(written);
  }

  /**
   * Writes the rows that the table lacks and tells it of them.
   *
   * @param rows few, with distinct keys
   * @return how many were committed
   */
  long append(Dataset<Row> rows) {
    return lacking(rows) == 0 ? 0 : append(write(rows));
  }

  /**
   * Tells the table of the rows whose keys it lacks. Files that it does not need go.
   *
   * @return how many were committed: those that another writer was first with are not
   */
  long append(Written written) {
    if (written.files().isEmpty()) {
      return 0;
    }
    return CacheFiles.active(spark, () -> committed(written));
  }

  private long committed(Written written) {
    Column within = within(read(written));
    Written tried = written;
    for (int attempt = 1; attempt <= Transactions.ATTEMPTS; attempt++) {
      OptimisticTransaction asked = ask();
      if (made(asked)) {
        return kept(tried, written);
      }
      tried = lacked(asked, written, tried, within);
      try {
        if (!tried.files().isEmpty()) {
          commit(asked, tried.files(), version + 1);
          version++;
        }
        return kept(tried, written);
      } catch (DeltaConcurrentModificationException e) {
        log.info("Attempt {} to commit to {} met another writer, asking again", attempt, path);
      }
    }
    if (made(ask())) {
      return kept(tried, written);
    }
    discard(tried);
    discard(written);
    throw new IllegalStateException(
        "Cannot commit to %s: other writers were first in %d attempts. Refresh one table from fewer drivers at a time."
            .formatted(path, Transactions.ATTEMPTS));
  }

  /** Whether the commit that Delta took for refused is in the log: it met itself. */
  private boolean made(OptimisticTransaction now) {
    boolean made = now.txnVersion(app) > version;
    if (made) {
      version++;
    }
    return made;
  }

  private long kept(Written kept, Written written) {
    if (!kept.equals(written)) {
      discard(written);
    }
    return kept.rows();
  }

  /**
   * Of the rows, those whose keys this version of the table lacks: mostly all, as they stand.
   *
   * @param tried what it lacked before; deleted where it is of no use any more
   */
  private Written lacked(
      OptimisticTransaction asked, Written written, Written tried, Column within) {
    Dataset<Row> rows = read(written);
    Dataset<Row> now = table(asked.snapshot().version());
    Dataset<Row> missing = missing(rows, now, within);
    long count = missing.count();
    if (count == written.rows()) {
      return written;
    }
    if (!tried.equals(written)) {
      if (count == tried.rows() && missing(read(tried), now, within).count() == count) {
        return tried;
      }
      discard(tried);
    }
    // Only keys are matched and sent round; the rows themselves are never shuffled.
    return count == 0
        ? new Written(List.of(), written.type())
        : write(rows.join(broadcast(missing), keys, "left_semi"));
  }

  /** A transaction on the newest version, which whatever else is committed after that refuses. */
  OptimisticTransaction ask() {
    OptimisticTransaction asked = table.begin();
    asked.readWholeTable();
    return asked;
  }

  /**
   * One commit under a given number, refused where the table has another version by now or has
   * reached that number.
   */
  void commit(OptimisticTransaction asked, List<AddFile> files, long number) {
    List<Action> actions = new ArrayList<>(files);
    actions.add(new SetTransaction(app, number, Option.apply(System.currentTimeMillis())));
    asked.commit(
        Transactions.seq(actions),
        new DeltaOperations.Write(SaveMode.Append, Option.empty(), Option.empty(), Option.empty()));
  }

  /**
   * @return how many of the rows the table lacks now
   */
  long lacking(Dataset<Row> rows) {
    return missing(rows).count();
  }

  /** The keys of {@code rows} that the table lacks now. */
  Dataset<Row> missing(Dataset<Row> rows) {
    return missing(rows, CacheTables.delta(spark, path), within(rows));
  }

  /** Which of the table's rows can have a key of {@code rows}; null, of no row, where none has. */
  private Column within(Dataset<Row> rows) {
    Row ends = rows.agg(min(range), max(range)).first();
    return col(range).between(ends.get(0), ends.get(1));
  }

  /** Its own keys stay where they are read. */
  private Dataset<Row> missing(Dataset<Row> rows, Dataset<Row> table, Column within) {
    Dataset<Row> asked = rows.selectExpr(keys);
    Dataset<Row> there =
        table.where(within.and(among)).selectExpr(keys).join(broadcast(asked), keys, "left_semi");
    return asked.join(broadcast(there), keys, "left_anti");
  }

  private Dataset<Row> table(long version) {
    return spark.read().format("delta").option("versionAsOf", version).load(path);
  }
}
