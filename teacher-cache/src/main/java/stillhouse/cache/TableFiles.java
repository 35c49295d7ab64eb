package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.get_json_object;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.sum;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.delta.actions.AddFile;
import org.apache.spark.sql.delta.actions.FileAction;
import scala.Option;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * The live files of a Delta table at its newest version, as the log knows them: none is opened. A
 * file goes by its name without folders, which holds a UUID; so it is the same name in the log and
 * in {@code _metadata.file_name} of a row that was read.
 */
final class TableFiles {
  /** Columns of {@link #all}: name, bytes, rows (null where the log doesn't say), when written. */
  static final String FILE = "file";

  static final String BYTES = "bytes";
  static final String ROWS = "rows";
  static final String WRITTEN = "written";

  private final SparkSession spark;
  private final String path;
  private final Snapshot snapshot;

  private TableFiles(SparkSession spark, String path, Snapshot snapshot) {
    this.spark = spark;
    this.path = path;
    this.snapshot = snapshot;
  }

  static TableFiles of(SparkSession spark, String path) {
    return new TableFiles(spark, path, CacheTables.newest(spark, path));
  }

  /** −1 where there is no table. */
  long version() {
    return snapshot.version();
  }

  Instant committed() {
    return Instant.ofEpochMilli(snapshot.timestamp());
  }

  /** One row a file: {@link #FILE}, {@link #BYTES}, {@link #ROWS}, {@link #WRITTEN} (ms). */
  Dataset<Row> all() {
    return snapshot
        .allFiles()
        .toDF()
        .select(
            name(col("path")).as(FILE),
            col("size").as(BYTES),
            get_json_object(col("stats"), "$.numRecords").cast("long").as(ROWS),
            col("modificationTime").as(WRITTEN));
  }

  /** A file's own name of its path or URI. */
  static Column name(Column path) {
    return element_at(split(path, "/"), -1);
  }

  /** Where files of a table lie, by what its log says of them. */
  static String[] paths(String table, List<? extends FileAction> files) {
    return files.stream()
        .map(file -> new Path(table, new Path(file.pathAsUri())).toString())
        .toArray(String[]::new);
  }

  /** The rows of this version, read as the session says. */
  Dataset<Row> rows() {
    return CacheFiles.active(
        spark, () -> spark.read().format("delta").option("versionAsOf", version()).load(path));
  }

  /**
   * The rows of some of this version's files.
   *
   * @param files names
   */
  Dataset<Row> rows(Collection<String> files) {
    List<AddFile> some =
        snapshot.allFiles().filter(name(col("path")).isin(files.toArray())).collectAsList();
    Seq<AddFile> list = JavaConverters.asScalaBuffer(some).toSeq();
    return CacheFiles.active(
        spark, () -> snapshot.deltaLog().createDataFrame(snapshot, list, false, Option.empty()));
  }

  /** Files, bytes and rows, from the log alone where it has every file's count. */
  Sums sums() {
    Row sums =
        all()
            .agg(
                count(lit(1)),
                coalesce(sum(BYTES), lit(0L)),
                count(ROWS),
                coalesce(sum(ROWS), lit(0L)))
            .first();
    boolean known = sums.getLong(2) == sums.getLong(0);
    return new Sums(sums.getLong(0), sums.getLong(1), known ? sums.getLong(3) : rows().count());
  }

  record Sums(long files, long bytes, long rows) {}

  /** The columns of {@code wanted} that the table has. */
  List<String> columns(List<String> wanted) {
    List<String> there = List.of(snapshot.schema().fieldNames());
    return wanted.stream().filter(there::contains).toList();
  }
}
