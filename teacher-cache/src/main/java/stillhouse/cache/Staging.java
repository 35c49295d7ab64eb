package stillhouse.cache;

import static org.apache.spark.sql.functions.col;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A run's own folder for plans, and for what a projection is fitted to. It goes with the run; what
 * a killed run left goes with the first run a week later.
 */
final class Staging implements AutoCloseable {
  private static final Duration ABANDONED = Duration.ofDays(7); // longer than any run takes

  private final SparkSession spark;
  private final FileSystem files;
  private final Path folder;
  private final String run = UUID.randomUUID().toString();
  private boolean begun;

  Staging(SparkSession spark, String path) {
    this(spark, path, true);
  }

  /**
   * @param tidy whether what others left long ago goes now
   */
  Staging(SparkSession spark, String path, boolean tidy) {
    this.spark = spark;
    try {
      var parent = new Path(path);
      files = parent.getFileSystem(spark.sessionState().newHadoopConf());
      folder = new Path(parent, run);
      if (tidy) {
        removeAbandoned(parent);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot open the staging folder " + path, e);
    }
  }

  /** Names this run's commits to a table. */
  String transactionApp(String table) {
    return "stillhouse-" + table + "-" + run;
  }

  /** Where this run starts in a list of chunks, so that runs at the same time share the work. */
  int start(int chunks) {
    return Math.floorMod(run.hashCode(), chunks);
  }

  /** Writes the rows and gives them back as read from the files: they are computed once. */
  Dataset<Row> put(String name, Dataset<Row> rows, StructType type) {
    String path = folder(name);
    CacheFiles.bounded(
        spark,
        type,
        0,
        () -> {
          rows.write().mode("overwrite").parquet(path);
          return path;
        });
    return spark.read().schema(type).parquet(path);
  }

  /** As {@link #put(String, Dataset, StructType)}, of the rows' own type. */
  Dataset<Row> put(String name, Dataset<Row> rows) {
    return put(name, rows, rows.schema());
  }

  /** A folder of the run's own. */
  String folder(String name) {
    if (!begun) {
      begin();
    }
    return new Path(folder, name).toString();
  }

  private void begin() {
    try {
      FolderAge.start(files, folder);
      begun = true;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write to the staging folder " + folder, e);
    }
  }

  /** Rows in chunks, each of which is read without the others. */
  record Chunks(SparkSession spark, String path, StructType type) {
    static final String CHUNK = "chunk";

    /** Every row, with its {@link #CHUNK}. */
    Dataset<Row> all() {
      return spark.read().schema(type.add(CHUNK, DataTypes.IntegerType)).parquet(path);
    }

    Dataset<Row> of(int chunk) {
      return spark.read().schema(type).parquet(path + "/" + CHUNK + "=" + chunk);
    }
  }

  /**
   * Writes the rows by their column {@link Chunks#CHUNK}.
   *
   * @param type of the rows without that column
   */
  Chunks putChunks(String name, Dataset<Row> rows, StructType type) {
    String path = folder(name);
    rows.repartition(col(Chunks.CHUNK))
        .write()
        .mode("overwrite")
        .partitionBy(Chunks.CHUNK)
        .parquet(path);
    return new Chunks(spark, path, type);
  }

  @Override
  public void close() {
    delete(folder);
  }

  private void removeAbandoned(Path parent) throws IOException {
    for (Path old : abandoned(files, parent)) {
      files.delete(old, true);
    }
  }

  /** Folders of runs that were stopped so long ago that none of them can be at work. */
  static List<Path> abandoned(FileSystem files, Path parent) throws IOException {
    if (!files.exists(parent)) {
      return List.of();
    }
    long before = System.currentTimeMillis() - ABANDONED.toMillis();
    List<Path> old = new ArrayList<>();
    for (FileStatus folder : files.listStatus(parent)) {
      if (FolderAge.since(files, folder) < before) {
        old.add(folder.getPath());
      }
    }
    return old;
  }

  private void delete(Path path) {
    try {
      files.delete(path, true);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete " + path, e);
    }
  }
}
