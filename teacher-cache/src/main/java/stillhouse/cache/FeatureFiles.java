package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.tensor.TensorColumn;

/**
 * Reads features back, a chunk of files at a time, so that a whole pass reads each file once and a
 * pass over few images reads only the files, and of these only the row groups, that can hold them.
 * Files are read as plain Parquet, which the tables' lack of deletion vectors allows.
 */
final class FeatureFiles {
  private static final String FILE = "feature_file";
  private static final StructType NUMBERED =
      new StructType()
          .add(FILE, DataTypes.StringType)
          .add(Staging.Chunks.CHUNK, DataTypes.IntegerType);

  private final SparkSession spark;
  private final CacheTables tables;
  private final StructType type;

  /**
   * @param layers the layer columns to read
   */
  FeatureFiles(SparkSession spark, CacheTables tables, List<String> layers) {
    this.spark = spark;
    this.tables = tables;
    var projected =
        new StructType().add(CacheTables.FEATURE_KEY, "string").add(Encoding.COLUMN, "string");
    for (String layer : layers) {
      projected = projected.add(layer, TensorColumn.TYPE);
    }
    type = projected;
  }

  /** Adds where each row's features stand; rows whose features are not cached go. */
  Dataset<Row> located(Dataset<Row> plan) {
    Dataset<Row> files =
        tables
            .features(spark)
            .select(col(CacheTables.FEATURE_KEY), col("_metadata.file_path").as(FILE));
    return plan.join(files, CacheTables.FEATURE_KEY);
  }

  /**
   * Packs whole files into chunks of about {@code rows} planned rows; a file alone may hold more.
   * Neighbours by key come together, so that what is made of a chunk is a range of keys too.
   *
   * @param located a plan of {@link #located}, staged
   */
  List<ChunkedPass.Chunk> chunks(Staging staging, String name, Dataset<Row> located, int rows) {
    List<Packed> packed = new ArrayList<>();
    List<Row> chunkOf = new ArrayList<>();
    for (Row row : sizes(located).collectAsList()) {
      long planned = row.getLong(1);
      if (packed.isEmpty() || packed.get(packed.size() - 1).rows + planned > rows) {
        packed.add(new Packed());
      }
      packed.get(packed.size() - 1).add(row.getString(0), planned);
      chunkOf.add(RowFactory.create(row.getString(0), packed.size() - 1));
    }
    Dataset<Row> numbers = spark.createDataFrame(chunkOf, NUMBERED);
    Dataset<Row> numbered = located.join(broadcast(numbers), FILE).drop(FILE);
    StructType plan = numbered.drop(Staging.Chunks.CHUNK).schema();
    Staging.Chunks chunks = staging.putChunks(name, numbered, plan);
    List<ChunkedPass.Chunk> all = new ArrayList<>();
    for (int i = 0; i < packed.size(); i++) {
      all.add(chunk(chunks, i, packed.get(i)));
    }
    return all;
  }

  /** The files of one chunk. */
  private static final class Packed {
    private final List<String> files = new ArrayList<>();
    private long rows;

    void add(String file, long planned) {
      files.add(file);
      rows += planned;
    }
  }

  private static Dataset<Row> sizes(Dataset<Row> located) {
    return located
        .groupBy(FILE)
        .agg(count(lit(1)), min(CacheTables.FEATURE_KEY).as("first"))
        .orderBy("first", FILE);
  }

  private ChunkedPass.Chunk chunk(Staging.Chunks chunks, int number, Packed packed) {
    // The column holds URIs, the reader takes paths.
    String[] paths =
        packed.files.stream().map(f -> new Path(URI.create(f)).toString()).toArray(String[]::new);
    return new ChunkedPass.Chunk(
        packed.rows,
        () -> {
          Dataset<Row> plan = chunks.of(number);
          Dataset<Row> features = spark.read().schema(type).parquet(paths);
          Dataset<Row> some = packed.rows > CacheFiles.KEYS ? features : ofKeys(features, plan);
          return some.join(broadcast(plan), CacheTables.FEATURE_KEY);
        });
  }

  /** Of so few keys Parquet is told each, and leaves out the row groups that hold none. */
  private static Dataset<Row> ofKeys(Dataset<Row> features, Dataset<Row> plan) {
    Dataset<String> keys = plan.select(CacheTables.FEATURE_KEY).as(Encoders.STRING());
    return features.where(col(CacheTables.FEATURE_KEY).isin(keys.collectAsList().toArray()));
  }
}
