package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.Samples;
import stillhouse.tensor.TensorColumn;

/**
 * Reads every live row of a table on executors: each value of it, page by page against Parquet's
 * checksums, and each tensor against its own length and sum. What one file does not give is told by
 * the rows that the table's log says it has; the others are read all the same.
 *
 * <p>A storage or network that did not answer looks like damage. So each suspicious file is read a
 * second time, in a job of its own, and only what that says counts.
 */
final class DamageScan {
  private static final String PROBLEM = "problem";
  static final String READ = "read";
  static final String BAD = "bad";
  static final String COPIES = "copies";
  static final String IN = "in";
  private static final String SUM = "sum";

  private final SparkSession spark;
  private final Staging staging;

  private DamageScan(SparkSession spark, Staging staging) {
    this.spark = spark;
    this.staging = staging;
  }

  /**
   * @param staging holds a few bytes a row until it is closed
   */
  static DamageScan of(SparkSession caller, Staging staging) {
    return new DamageScan(session(caller), staging);
  }

  /** A session that goes on where a file can't be read. */
  static SparkSession session(SparkSession caller) {
    SparkSession session = CacheFiles.session(caller);
    session.conf().set("spark.sql.files.ignoreCorruptFiles", "true");
    session.conf().set("spark.sql.files.ignoreMissingFiles", "true");
    return session;
  }

  /**
   * What was found in one table.
   *
   * @param table as reports call it
   * @param key the column that names its rows
   * @param rows of the table: file, key, problem (null where there is none)
   * @param unique whether a key is to be there once
   * @param files all of them: file, rows (as the log has it), read, bad
   */
  record Found(
      String table,
      String path,
      String key,
      boolean unique,
      Dataset<Row> rows,
      Dataset<Row> files,
      Totals totals) {

    /** Rows whose tensors are not what was written. */
    Dataset<Row> bad() {
      return rows.where(col(PROBLEM).isNotNull());
    }

    /** Rows whose tensors are, if they have any. */
    Dataset<Row> intact() {
      return rows.where(col(PROBLEM).isNull());
    }

    /**
     * Keys of more than one intact row, where that is one too many: key, {@link #COPIES}, and the
     * first file that they are {@link #IN}.
     */
    Dataset<Row> doubled() {
      return intact()
          .groupBy(key)
          .agg(count(lit(1)).as(COPIES), min(TableFiles.FILE).as(IN))
          .where(col(COPIES).gt(1).and(lit(unique)));
    }

    Dataset<Row> damagedFiles() {
      return files.where(isDamaged());
    }

    /** Names of damaged files, to be told; at most {@code most}. */
    List<String> examples(int most) {
      List<String> told = new ArrayList<>();
      for (Row file : damagedFiles().orderBy(TableFiles.FILE).limit(most).collectAsList()) {
        long stated = file.getAs(TableFiles.ROWS);
        long read = file.getAs(READ);
        if (read < stated) {
          told.add(
              "%s/%s: %d of %d rows can't be read"
                  .formatted(path, file.getString(0), stated - read, stated));
        } else if (read > stated) {
          told.add(
              "%s/%s: holds %d rows, the table's log says %d"
                  .formatted(path, file.getString(0), read, stated));
        }
      }
      for (Row row : bad().orderBy(TableFiles.FILE, key).limit(most).collectAsList()) {
        told.add(
            "%s/%s: row %s: %s"
                .formatted(path, row.getString(0), row.getString(1), row.getString(2)));
      }
      return told;
    }
  }

  /**
   * @param lost rows that the log has and no file gives
   * @param bad rows that are there and hold a damaged tensor
   */
  record Totals(long files, long rows, long damagedFiles, long lost, long bad) {}

  Found scan(CacheTable table, CacheTables tables) {
    return scan(table.label(), table.path(tables), table.key(), true);
  }

  /** The samples of a workspace, by their ids. */
  Found samples(String root) {
    return scan("samples", Samples.table(root), Samples.SAMPLE_ID, true);
  }

  /** The quarantine of a workspace, by images; one may have several rows. */
  Found quarantine(String root) {
    return scan("quarantine", Samples.quarantineTable(root), Samples.IMAGE_URI, false);
  }

  /**
   * @param key a column to name rows by
   */
  private Found scan(String name, String path, String key, boolean unique) {
    spark.sparkContext().setJobDescription("verify: read " + name);
    TableFiles table = TableFiles.of(spark, path);
    Dataset<Row> first = checked("verify-" + name, table.rows(), key);
    List<String> suspicious = names(files(table, first).where(isDamaged()));
    if (suspicious.isEmpty()) {
      return found(name, path, key, unique, first, table);
    }
    String again = "verify: read %d suspicious files of %s again";
    spark.sparkContext().setJobDescription(again.formatted(suspicious.size(), name));
    Dataset<Row> second = checked("verify-" + name + "-again", table.rows(suspicious), key);
    Dataset<Row> names = spark.createDataset(suspicious, Encoders.STRING()).toDF(TableFiles.FILE);
    Dataset<Row> others = first.join(broadcast(names), new String[] {TableFiles.FILE}, "left_anti");
    return found(name, path, key, unique, others.unionByName(second), table);
  }

  private static Found found(
      String name,
      String path,
      String key,
      boolean unique,
      Dataset<Row> checked,
      TableFiles table) {
    Dataset<Row> files = files(table, checked);
    return new Found(name, path, key, unique, checked, files, totals(files));
  }

  /** Names of files: as many as are suspicious. */
  private static List<String> names(Dataset<Row> files) {
    return files.select(TableFiles.FILE).collectAsList().stream()
        .map(row -> row.getString(0))
        .toList();
  }

  /** Each row that can be read: its file, key and problem. */
  private Dataset<Row> checked(String name, Dataset<Row> rows, String key) {
    Column[] told = {
      TableFiles.name(col("_metadata.file_path")).as(TableFiles.FILE),
      col(key),
      problem(rows.schema()).as(PROBLEM),
      others(rows.schema()).as(SUM)
    };
    StructType type =
        new StructType()
            .add(TableFiles.FILE, DataTypes.StringType)
            .add(key, DataTypes.StringType)
            .add(PROBLEM, DataTypes.StringType)
            .add(SUM, DataTypes.LongType);
    return staging.put(name, rows.select(told), type).drop(SUM);
  }

  /** Null where every tensor of a row is whole. */
  private static Column problem(StructType type) {
    List<String> tensors = CacheTable.tensors(type);
    if (tensors.isEmpty()) {
      return lit(null).cast("string");
    }
    var check = udf((UDF1<Row, String>) DamageScan::problem, DataTypes.StringType);
    return check.apply(struct(columns(tensors)));
  }

  private static String problem(Row tensors) {
    for (String name : tensors.schema().fieldNames()) {
      try {
        Row tensor = tensors.getAs(name);
        if (tensor != null && !tensor.isNullAt(tensor.fieldIndex("dtype"))) {
          TensorColumn.decode(tensor);
        }
      } catch (RuntimeException e) { // damaged bytes may break it anywhere
        return name + ": " + e.getMessage();
      }
    }
    return null;
  }

  /** A sum over the columns without tensors: what it is for is that they are read. */
  private static Column others(StructType type) {
    List<String> tensors = CacheTable.tensors(type);
    return xxhash64(
        columns(Arrays.stream(type.fieldNames()).filter(n -> !tensors.contains(n)).toList()));
  }

  private static Column[] columns(List<String> names) {
    return names.stream().map(name -> col(name)).toArray(Column[]::new);
  }

  private static Dataset<Row> files(TableFiles table, Dataset<Row> checked) {
    Dataset<Row> read =
        checked.groupBy(TableFiles.FILE).agg(count(lit(1)).as(READ), count(PROBLEM).as(BAD));
    return table
        .all()
        .join(read, new String[] {TableFiles.FILE}, "left")
        .withColumn(READ, coalesce(col(READ), lit(0L)))
        .withColumn(BAD, coalesce(col(BAD), lit(0L)))
        // Where the log has no count, a file that gives no row is taken for damaged.
        .withColumn(
            TableFiles.ROWS,
            coalesce(col(TableFiles.ROWS), when(col(READ).equalTo(0), 1L).otherwise(col(READ))))
        .select(TableFiles.FILE, TableFiles.ROWS, READ, BAD);
  }

  /** Of {@link Found#files}. */
  static Column isDamaged() {
    return col(TableFiles.ROWS).notEqual(col(READ)).or(col(BAD).gt(0));
  }

  private static Totals totals(Dataset<Row> files) {
    Row sums =
        files
            .agg(
                count(lit(1)),
                coalesce(sum(READ), lit(0L)),
                count(when(isDamaged(), lit(1))),
                coalesce(sum(col(TableFiles.ROWS).minus(col(READ))), lit(0L)),
                coalesce(sum(BAD), lit(0L)))
            .first();
    return new Totals(
        sums.getLong(0), sums.getLong(1), sums.getLong(2), sums.getLong(3), sums.getLong(4));
  }
}
