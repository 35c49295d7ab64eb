package stillhouse.data;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.substring_index;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.DeltaOperations;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.delta.actions.Action;
import org.apache.spark.sql.delta.actions.AddFile;
import org.apache.spark.sql.delta.actions.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * A Delta table as one version of it is, and the commit that is planned on it. Delta holds the
 * commit against that version, whenever it was read: where another writer has committed since, what
 * was planned may be wrong, and the commit is refused.
 *
 * <p>Only files that hold rows which leave are written anew. Where none leaves, the new rows' files
 * are all that is written.
 */
final class TableVersion {
  private static final String FILE = "file";
  private static final long FEW = 100_000; // keys of 100-200 bytes, sent to every executor

  private final SparkSession spark;
  private final String path;
  private final StructType type;
  private final Snapshot snapshot;

  private TableVersion(SparkSession spark, String path, StructType type, Snapshot snapshot) {
    this.spark = spark;
    this.path = path;
    this.type = type;
    this.snapshot = snapshot;
  }

  /**
   * Rows that leave a table.
   *
   * @param keys their values in column {@code key}, distinct; empty where every row leaves
   * @param size how many keys
   * @param among only rows that are so leave
   */
  record Leaving(Optional<Dataset<Row>> keys, String key, long size, Column among) {
    private static final String LEAVES = "leaves";

    static Leaving everything() {
      return new Leaving(Optional.empty(), "", 0, lit(true));
    }

    private Dataset<Row> of(Dataset<Row> rows) {
      return keys.map(k -> rows.join(named(k), leaves(), "left_semi")).orElse(rows);
    }

    Dataset<Row> stayingOf(Dataset<Row> rows) {
      return keys.map(k -> rows.join(named(k), leaves(), "left_anti")).orElse(rows.limit(0));
    }

    /** Few keys go to the rows: what the rows hold beside them is not shuffled then. */
    private Dataset<Row> named(Dataset<Row> keys) {
      Dataset<Row> named = keys.select(col(key).as(LEAVES));
      return size <= FEW ? broadcast(named) : named;
    }

    private Column leaves() {
      return col(key).equalTo(col(LEAVES)).and(among);
    }
  }

  /**
   * @param type of the table that is made where there is none; columns that one lacks are added
   *     with its next commit
   */
  static TableVersion newest(SparkSession spark, String path, StructType type) {
    DeltaLog log = DeltaLog.forTable(spark, path);
    return new TableVersion(spark, path, type, log.update(false, Option.empty(), Option.empty()));
  }

  boolean exists() {
    return snapshot.version() >= 0;
  }

  Map<String, String> properties() {
    return JavaConverters.mapAsJavaMap(snapshot.metadata().configuration());
  }

  boolean has(String column) {
    return List.of(schema(snapshot.metadata()).fieldNames()).contains(column);
  }

  Dataset<Row> rows() {
    return exists()
        ? spark.read().format("delta").option("versionAsOf", snapshot.version()).load(path)
        : spark.createDataFrame(List.<Row>of(), type);
  }

  /**
   * @param leaving empty where every row stays as it is
   * @param added rows of the table's columns, or some of them; empty where there are none
   * @param properties to be set
   * @return the table as it is then
   * @throws org.apache.spark.sql.delta.DeltaConcurrentModificationException where the table has
   *     another version by now; nothing is changed
   */
  TableVersion commit(
      Optional<Leaving> leaving, Optional<Dataset<Row>> added, Map<String, String> properties) {
    OptimisticTransaction transaction =
        snapshot.deltaLog().startTransaction(Option.empty(), Option.apply(snapshot));
    transaction.readWholeTable();
    update(transaction, properties);
    List<AddFile> touched = leaving.map(this::touched).orElse(List.of());
    List<Action> actions = new ArrayList<>();
    touched.forEach(file -> actions.add(file.remove()));
    Stream.concat(staying(leaving, touched).stream(), added.stream())
        .reduce((kept, fresh) -> kept.unionByName(fresh, true))
        .map(rows -> JavaConverters.seqAsJavaList(transaction.writeFiles(rows)))
        .ifPresent(actions::addAll);
    SaveMode mode = touched.isEmpty() ? SaveMode.Append : SaveMode.Overwrite;
    long version =
        transaction.commit(
            seq(actions),
            new DeltaOperations.Write(mode, Option.empty(), Option.empty(), Option.empty()));
    DeltaLog log = snapshot.deltaLog();
    log.update(false, Option.empty(), Option.empty());
    return new TableVersion(
        spark, path, type, log.getSnapshotAt(version, Option.empty(), Option.empty()));
  }

  /** Of the files that go, the rows that stay. */
  private Optional<Dataset<Row>> staying(Optional<Leaving> leaving, List<AddFile> touched) {
    return leaving
        .filter(rows -> rows.keys().isPresent())
        .map(rows -> rows.stayingOf(read(touched)));
  }

  /** The live files that hold a row that leaves. */
  private List<AddFile> touched(Leaving leaving) {
    if (leaving.keys().isEmpty()) {
      return snapshot.allFiles().collectAsList();
    }
    List<String> names =
        leaving
            .of(rows().withColumn(FILE, col("_metadata.file_name")))
            .select(FILE)
            .distinct()
            .as(Encoders.STRING())
            .collectAsList();
    List<AddFile> files =
        snapshot
            .allFiles()
            .filter(substring_index(col("path"), "/", -1).isin(names.toArray()))
            .collectAsList();
    if (files.size() != names.size()) {
      throw new IllegalStateException(
          "Cannot rewrite %s: of the %d files %s with rows that leave, %d are in version %d"
              .formatted(path, names.size(), names, files.size(), snapshot.version()));
    }
    return files;
  }

  private Dataset<Row> read(List<AddFile> files) {
    return snapshot.deltaLog().createDataFrame(snapshot, seq(files), false, Option.empty());
  }

  private void update(OptimisticTransaction transaction, Map<String, String> properties) {
    Metadata now = transaction.metadata();
    scala.collection.immutable.Map<String, String> all = now.configuration();
    for (Map.Entry<String, String> property : properties.entrySet()) {
      all = all.$plus(new Tuple2<>(property.getKey(), property.getValue()));
    }
    if (!exists()) {
      all = all.$plus(new Tuple2<>("delta.enableDeletionVectors", "false"));
    }
    StructType columns = exists() ? withOurs(schema(now)) : type;
    if (!all.equals(now.configuration()) || !columns.equals(schema(now))) {
      transaction.updateMetadata(
          now.copy(
              now.id(),
              now.name(),
              now.description(),
              now.format(),
              columns.json(),
              now.partitionColumns(),
              all,
              now.createdTime()),
          false);
    }
  }

  /** With the columns that it lacks. */
  private StructType withOurs(StructType columns) {
    StructType all = columns;
    for (StructField column : type.fields()) {
      if (!List.of(columns.fieldNames()).contains(column.name())) {
        all = all.add(column.name(), column.dataType(), true);
      }
    }
    return all;
  }

  private static StructType schema(Metadata metadata) {
    return (StructType) metadata.schema();
  }

  private static <T> Seq<T> seq(List<T> list) {
    return JavaConverters.asScalaBuffer(list).toSeq();
  }
}
