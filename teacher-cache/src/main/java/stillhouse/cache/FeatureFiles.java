package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import stillhouse.tensor.TensorColumn;

/**
 * Reads features back, a chunk of files at a time, so that a whole pass reads each file once and a
 * pass over few new images reads only the files that hold them. Files are read as plain Parquet,
 * which the tables' lack of deletion vectors allows.
 */
final class FeatureFiles {
  private static final String FILE = "feature_file";

  private final SparkSession spark;
  private final CacheTables tables;
  private final StructType type;

  /**
   * @param layers the layer columns to read
   */
  FeatureFiles(SparkSession spark, CacheTables tables, List<String> layers) {
    this.spark = spark;
    this.tables = tables;
    var projected = new StructType().add(CacheTables.FEATURE_KEY, "string");
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
   *
   * @param located a plan of {@link #located}, staged
   */
  List<ChunkedPass.Chunk> chunks(Dataset<Row> located, int rows) {
    List<ChunkedPass.Chunk> chunks = new ArrayList<>();
    List<String> files = new ArrayList<>();
    long planned = 0;
    for (Row row : located.groupBy(FILE).count().orderBy(FILE).collectAsList()) {
      if (planned > 0 && planned + row.getLong(1) > rows) {
        chunks.add(chunk(located, List.copyOf(files), planned));
        files.clear();
        planned = 0;
      }
      files.add(row.getString(0));
      planned += row.getLong(1);
    }
    if (planned > 0) {
      chunks.add(chunk(located, List.copyOf(files), planned));
    }
    return chunks;
  }

  private ChunkedPass.Chunk chunk(Dataset<Row> located, List<String> files, long rows) {
    return new ChunkedPass.Chunk(
        rows,
        () -> {
          Dataset<Row> plan = located.filter(col(FILE).isin(files.toArray())).drop(FILE);
          // The column holds URIs, the reader takes paths.
          String[] paths =
              files.stream().map(f -> new Path(URI.create(f)).toString()).toArray(String[]::new);
          Dataset<Row> features = spark.read().schema(type).parquet(paths);
          return features.join(broadcast(plan), CacheTables.FEATURE_KEY);
        });
  }
}
