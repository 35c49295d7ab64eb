package stillhouse.cache;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaConcurrentModificationException;
import org.apache.spark.sql.delta.DeltaOperations;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.delta.actions.Action;
import org.apache.spark.sql.delta.actions.AddFile;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes whole files out of a Delta table and puts some of their rows, written anew, in their place,
 * in one commit. MERGE and DELETE would look for rows of megabytes over the whole table; here only
 * the files that go are read.
 *
 * <p>Delta refuses the commit after any other, an append too. What was written stays good for as
 * long as the files are live, so it is tried again. Where another writer takes one of the same
 * files out, one of the two commits and the other is told so. An append that has asked the table
 * before ({@link AppendOnce}) is refused by Delta and asks again.
 */
final class FileReplacement {
  private static final Logger log = LoggerFactory.getLogger(FileReplacement.class);

  private final SparkSession spark;
  private final String path;
  private final Transactions table;

  FileReplacement(SparkSession spark, String path) {
    this.spark = spark;
    this.path = path;
    this.table = new Transactions(spark, path);
  }

  /**
   * The rows of some live files, read as plain Parquet; empty where one of them is no longer live.
   */
  Optional<Dataset<Row>> rows(Collection<String> files) {
    OptimisticTransaction now = table.begin();
    List<AddFile> live = live(now, files);
    if (live.size() != files.size()) {
      return Optional.empty();
    }
    StructType type = (StructType) now.metadata().schema();
    return Optional.of(spark.read().schema(type).parquet(TableFiles.paths(path, live)));
  }

  /**
   * @param files names of live files
   * @param instead rows to stand in their place
   * @return whether it was committed; not where another writer has taken one of the files out, and
   *     nothing has changed then
   */
  boolean commit(Collection<String> files, Optional<Dataset<Row>> instead) {
    return commit(files, instead, System.currentTimeMillis());
  }

  /**
   * As {@link #commit(Collection, Optional)}, of files that nobody should look into again: to
   * readers of the log they have been gone for ever, and VACUUM takes them at once.
   */
  boolean commitForgetting(Collection<String> files, Optional<Dataset<Row>> instead) {
    return commit(files, instead, 0);
  }

  private boolean commit(Collection<String> files, Optional<Dataset<Row>> instead, long removed) {
    if (live(table.begin(), files).size() != files.size()) {
      return false;
    }
    Optional<Transactions.Written> written = instead.map(table::write);
    for (int attempt = 1; attempt <= Transactions.ATTEMPTS; attempt++) {
      OptimisticTransaction transaction = table.begin();
      List<AddFile> gone = live(transaction, files);
      if (gone.size() != files.size()) {
        log.info("Another writer was first to take files out of {}", path);
        break;
      }
      List<Action> actions = new ArrayList<>();
      gone.forEach(file -> actions.add(file.removeWithTimestamp(removed, true)));
      written.ifPresent(rows -> actions.addAll(rows.files()));
      try {
        transaction.commit(Transactions.seq(actions), DeltaOperations.ManualUpdate$.MODULE$);
        return true;
      } catch (DeltaConcurrentModificationException e) {
        log.info("Attempt {} to take files out of {} met another writer", attempt, path);
      }
    }
    written.ifPresent(table::discard);
    return false;
  }

  private static List<AddFile> live(OptimisticTransaction transaction, Collection<String> files) {
    return transaction
        .snapshot()
        .allFiles()
        .filter(TableFiles.name(col("path")).isin(files.toArray()))
        .collectAsList();
  }
}
