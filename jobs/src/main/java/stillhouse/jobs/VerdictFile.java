package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.cache.VerdictTable;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;

/**
 * Verdicts as reviewers hand them in: a CSV file, or a Delta table or Parquet of the same columns.
 * Columns stand in any order; {@code sample_id} and {@code verdict} must be there.
 */
final class VerdictFile {
  static final List<String> COLUMNS = List.of(VerdictTable.GIVEN.fieldNames());

  /** The line of a CSV file, counted from 1; null of a table's row. */
  static final String LINE = "line";

  private static final String BROKEN = "broken";
  private static final long MOST_BYTES = 64L << 20; // a line a verdict, on the driver

  private VerdictFile() {}

  /** All columns as text, null where they are blank or missing, and {@link #LINE}. */
  static Dataset<Row> read(SparkSession spark, String path) {
    try {
      Path file = new Path(path);
      FileSystem files = file.getFileSystem(spark.sparkContext().hadoopConfiguration());
      if (!files.exists(file)) {
        throw new ConfigException("Cannot read --verdicts " + path + ": there is no such file.");
      }
      Dataset<Row> rows =
          path.endsWith(".csv")
              ? csv(spark, path, files.open(file), files.getFileStatus(file).getLen())
              : table(spark, path, files.exists(new Path(file, "_delta_log")));
      return trimmed(rows);
    } catch (IOException e) {
      throw new ConfigException("Cannot read --verdicts " + path + ": " + e, e);
    }
  }

  private static Dataset<Row> table(SparkSession spark, String path, boolean delta) {
    Dataset<Row> rows = spark.read().format(delta ? "delta" : "parquet").load(path);
    requireColumns(path, List.of(rows.columns()));
    return rows.withColumn(LINE, lit(null).cast(DataTypes.LongType));
  }

  private static Dataset<Row> csv(SparkSession spark, String path, InputStream in, long bytes)
      throws IOException {
    if (bytes > MOST_BYTES) {
      in.close();
      throw new ConfigException(
          "Cannot read --verdicts %s: %,d bytes of CSV (at most %,d). Give so many verdicts as a Parquet or Delta table."
              .formatted(path, bytes, MOST_BYTES));
    }
    List<Row> lines = new ArrayList<>();
    String[] names;
    try (var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      String head = reader.readLine();
      names = head == null ? new String[0] : names(head);
      requireColumns(path, Arrays.asList(names));
      long number = 1;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        if (!line.isBlank()) {
          lines.add(RowFactory.create(number, line));
        }
      }
    }
    StructType type = new StructType();
    for (String name : names) {
      type = type.add(name, DataTypes.StringType);
    }
    type = type.add(BROKEN, DataTypes.StringType);
    var options = Map.of("columnNameOfCorruptRecord", BROKEN, "mode", "PERMISSIVE");
    Dataset<Row> parsed =
        spark
            .createDataFrame(
                lines,
                new StructType().add(LINE, DataTypes.LongType).add("text", DataTypes.StringType))
            .select(
                col(LINE),
                col("text"),
                functions.from_csv(col("text"), lit(type.toDDL()), options).as("row"));
    requireWhole(path, parsed, names.length);
    return parsed.select(LINE, "row.*").drop(BROKEN);
  }

  private static void requireWhole(String path, Dataset<Row> parsed, int columns) {
    List<Row> broken =
        parsed.where(col("row." + BROKEN).isNotNull()).orderBy(LINE).limit(1).collectAsList();
    if (!broken.isEmpty()) {
      throw new ConfigException(
          "Cannot read --verdicts %s: line %d, '%s', does not have %d columns. Nothing was stored."
              .formatted(path, broken.get(0).getLong(0), broken.get(0).getString(1), columns));
    }
  }

  private static String[] names(String head) {
    String line = head.startsWith("\uFEFF") ? head.substring(1) : head; // as some programs begin
    return Arrays.stream(line.split(",", -1))
        .map(name -> name.strip().replaceAll("^\"|\"$", ""))
        .toArray(String[]::new);
  }

  private static void requireColumns(String path, List<String> names) {
    List<String> strange = new ArrayList<>(names);
    strange.removeAll(COLUMNS);
    boolean twice = new HashSet<>(names).size() < names.size();
    List<String> needed = List.of(Samples.SAMPLE_ID, VerdictTable.VERDICT);
    if (!strange.isEmpty() || twice || !names.containsAll(needed)) {
      throw new ConfigException(
          "Cannot read --verdicts %s: its columns are %s (must be %s, and may be others of %s)."
              .formatted(path, names, needed, COLUMNS));
    }
  }

  private static Dataset<Row> trimmed(Dataset<Row> rows) {
    List<String> there = List.of(rows.columns());
    Dataset<Row> all = rows;
    for (String column : COLUMNS) {
      var text =
          there.contains(column)
              ? functions.trim(col(column).cast(DataTypes.StringType))
              : lit(null).cast(DataTypes.StringType);
      all = all.withColumn(column, functions.when(text.notEqual(""), text));
    }
    return all;
  }
}
