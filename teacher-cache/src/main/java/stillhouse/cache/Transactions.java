package stillhouse.cache;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.delta.actions.Action;
import org.apache.spark.sql.delta.actions.AddFile;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Transactions on one Delta table, and files that are written before there is one to name them.
 *
 * @param spark how files are read and written
 */
record Transactions(SparkSession spark, String path) {
  /** Of a commit that Delta refuses: each was lost to a writer that made progress. */
  static final int ATTEMPTS = 20;

  private static final Logger log = LoggerFactory.getLogger(Transactions.class);

  /** Rows in files of the table's folder, of which the table does not know yet. */
  record Written(List<AddFile> files, StructType type) {
    long bytes() {
      return files.stream().mapToLong(AddFile::size).sum();
    }

    long rows() {
      return files.stream().mapToLong(file -> (Long) file.numLogicalRecords().get()).sum();
    }
  }

  /** On the newest version. */
  OptimisticTransaction begin() {
    DeltaLog table = DeltaLog.forTable(spark, path);
    table.update(false, Option.empty(), Option.empty());
    return table.startTransaction(Option.empty(), Option.empty());
  }

  /**
   * Computes the rows, once. Delta's {@code writeFiles} looks at names and not at types: the rows'
   * are the table's.
   */
  Written write(Dataset<Row> rows) {
    return CacheFiles.active(
        spark,
        () -> {
          List<AddFile> files =
              JavaConverters.seqAsJavaList(begin().writeFiles(rows)).stream()
                  .filter(AddFile.class::isInstance)
                  .map(AddFile.class::cast)
                  .toList();
          return new Written(files, rows.schema());
        });
  }

  /** The rows as they stand in the files. */
  Dataset<Row> read(Written written) {
    return spark.read().schema(written.type()).parquet(TableFiles.paths(path, written.files()));
  }

  /** Deletes files that no table will be told of. What stays is no row of any, and VACUUM's. */
  void discard(Written written) {
    for (String file : TableFiles.paths(path, written.files())) {
      try {
        var gone = new Path(file);
        gone.getFileSystem(spark.sessionState().newHadoopConf()).delete(gone, false);
      } catch (IOException e) {
        log.warn("Cannot delete {}, of which no table was told; gc will", file, e);
      }
    }
  }

  static Seq<Action> seq(List<Action> actions) {
    return JavaConverters.asScalaBuffer(actions).toSeq();
  }
}
