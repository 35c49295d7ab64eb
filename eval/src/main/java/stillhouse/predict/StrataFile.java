package stillhouse.predict;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.trim;
import static org.apache.spark.sql.functions.when;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;

/**
 * What people know of images and masks don't show, such as glare, the depth of a scratch or the
 * paint: a CSV file with a head, a column {@code image} (the file's name, with or without ending)
 * and a column for each property. An image that it does not name is of the part {@code none}.
 */
public final class StrataFile implements AutoCloseable {
  private static final String IMAGE = "image";
  private static final String KEY = "image?";
  private static final String NAMED = "named?"; // no property's name has a question mark
  private static final String RAGGED = "ragged?";
  private static final int MOST_VALUES = 100; // of one property: a table that is read
  private static final int QUOTED = 3;
  // What MLflow takes in a metric's name, but for the slash that parts names.
  private static final String NAMEABLE = "[\\w .:-]+";

  private final Dataset<Row> parts; // sample_id and the properties, none where they are blank
  private final Map<String, List<String>> values;
  private final String remarks;

  private StrataFile(Dataset<Row> parts, Map<String, List<String>> values, String remarks) {
    this.parts = parts;
    this.values = values;
    this.remarks = remarks;
  }

  /**
   * @param samples with sample_id and image_uri
   * @throws ConfigException where the file can't be read, names an image twice or none of the
   *     samples, or a property can't stand in a metric's name or has more than {@value
   *     #MOST_VALUES} values
   */
  public static StrataFile read(SparkSession spark, String uri, Dataset<Row> samples) {
    Dataset<Row> rows = csv(spark, uri);
    List<String> properties = properties(uri, rows);
    Dataset<Row> keyed = rows.withColumn(KEY, PredictionSet.key(IMAGE));
    requireOnce(uri, keyed);
    Dataset<Row> images = samples.withColumn(KEY, PredictionSet.key(Samples.IMAGE_URI));
    Column[] parts =
        Stream.concat(
                Stream.of(col(Samples.SAMPLE_ID), col(IMAGE).isNotNull().as(NAMED)),
                properties.stream().map(p -> coalesce(col(quoted(p)), lit(Stratum.NONE)).as(p)))
            .toArray(Column[]::new);
    Dataset<Row> joined =
        images
            .select(Samples.SAMPLE_ID, KEY)
            .join(keyed, images.col(KEY).equalTo(keyed.col(KEY)), "left")
            .select(parts)
            .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      return of(uri, joined, properties, rows);
    } catch (RuntimeException e) {
      joined.unpersist();
      throw e;
    }
  }

  private static StrataFile of(
      String uri, Dataset<Row> joined, List<String> properties, Dataset<Row> rows) {
    long named = joined.where(col(NAMED)).count();
    if (named == 0) {
      throw new ConfigException(
          "Cannot use strata %s: none of its images is one of the workspace's, as %s. Column image holds file names"
              .formatted(uri, few(rows)));
    }
    long without = joined.count() - named;
    return new StrataFile(
        joined,
        values(uri, joined, properties),
        without == 0 ? "" : without + " samples are not in " + uri + ": they are of part none");
  }

  /**
   * What can be seen without a session.
   *
   * @throws ConfigException where there is no such file
   */
  public static void requireThere(String uri, Configuration hadoop) {
    try {
      var file = new Path(uri);
      if (!file.getFileSystem(hadoop).exists(file)) {
        throw new ConfigException("Cannot read strata " + uri + ": there is no such file");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read strata " + uri + ": " + e.getMessage(), e);
    }
  }

  private static Dataset<Row> csv(SparkSession spark, String uri) {
    requireThere(uri, spark.sparkContext().hadoopConfiguration());
    String[] columns = spark.read().option("header", true).csv(uri).columns();
    var schema = new StructType();
    for (String column : columns) {
      schema = schema.add(column, DataTypes.StringType);
    }
    Dataset<Row> read =
        spark
            .read()
            .option("header", true)
            .option("multiLine", true)
            .option("columnNameOfCorruptRecord", RAGGED)
            .schema(schema.add(RAGGED, DataTypes.StringType))
            .csv(uri);
    requireEven(uri, read.select(col(quoted(columns[0])), col(RAGGED)));
    Column[] trimmed =
        Arrays.stream(columns)
            .map(c -> nullif(trim(col(quoted(c))), lit("")).as(c.strip()))
            .toArray(Column[]::new);
    return read.select(trimmed);
  }

  private static void requireEven(String uri, Dataset<Row> read) {
    List<Row> ragged = read.where(col(RAGGED).isNotNull()).limit(1).collectAsList();
    if (!ragged.isEmpty()) {
      throw new ConfigException(
          "Invalid strata %s: a row has other columns than the head: %s"
              .formatted(uri, ragged.get(0).getString(1)));
    }
  }

  private static List<String> properties(String uri, Dataset<Row> rows) {
    List<String> columns = new ArrayList<>(List.of(rows.columns()));
    if (!columns.remove(IMAGE) || columns.isEmpty()) {
      throw new ConfigException(
          "Invalid strata %s: columns %s (must be image and at least one property)"
              .formatted(uri, List.of(rows.columns())));
    }
    for (String column : columns) {
      boolean taken =
          column.equalsIgnoreCase(Samples.SAMPLE_ID) // Spark's names of columns have no case
              || Arrays.stream(TruthStratum.values()).anyMatch(t -> t.word().equals(column));
      if (taken || !column.matches(NAMEABLE)) {
        throw new ConfigException(
            "Invalid strata %s: column '%s' (must be letters, digits, blanks and _ . : - and none of size, class, sample_id)"
                .formatted(uri, column));
      }
    }
    return List.copyOf(columns);
  }

  private static void requireOnce(String uri, Dataset<Row> keyed) {
    List<Row> twice =
        keyed
            .groupBy(KEY)
            .agg(count(lit(1)).as("times"))
            .where(col("times").gt(1).or(col(KEY).isNull()))
            .limit(1)
            .collectAsList();
    if (!twice.isEmpty()) {
      throw new ConfigException(
          twice.get(0).isNullAt(0)
              ? "Invalid strata " + uri + ": a row without an image"
              : "Invalid strata %s: image %s has %d rows (must be one)"
                  .formatted(uri, twice.get(0).getString(0), twice.get(0).getLong(1)));
    }
  }

  private static Map<String, List<String>> values(
      String uri, Dataset<Row> joined, List<String> properties) {
    Column[] numbers =
        properties.stream()
            .map(p -> countDistinct(when(col(quoted(p)).notEqual(Stratum.NONE), col(quoted(p)))))
            .toArray(Column[]::new);
    Row distinct = joined.select(numbers).first();
    for (int i = 0; i < properties.size(); i++) {
      if (distinct.getLong(i) > MOST_VALUES) {
        throw new ConfigException(
            "Invalid strata %s: column %s has %d values (must be ≤ %d: each is a part with scores of its own)"
                .formatted(uri, properties.get(i), distinct.getLong(i), MOST_VALUES));
      }
    }
    Column[] sets =
        properties.stream().map(p -> collect_set(col(quoted(p)))).toArray(Column[]::new);
    Row found = joined.select(sets).first();
    Map<String, List<String>> values = new TreeMap<>();
    for (int i = 0; i < properties.size(); i++) {
      List<String> sorted = found.<String>getList(i).stream().sorted().toList();
      for (String value : sorted) {
        if (!value.matches(NAMEABLE)) {
          throw new ConfigException(
              "Invalid strata %s: value '%s' of column %s (must be letters, digits, blanks and _ . : -)"
                  .formatted(uri, value, properties.get(i)));
        }
      }
      values.put(properties.get(i), sorted);
    }
    return values;
  }

  private static List<String> few(Dataset<Row> rows) {
    return rows.select(IMAGE).limit(QUOTED).collectAsList().stream()
        .map(row -> row.getString(0))
        .toList();
  }

  private static String quoted(String column) {
    return "`" + column.replace("`", "``") + "`";
  }

  /** The properties. */
  public List<String> columns() {
    return List.copyOf(values.keySet());
  }

  /** How many samples it does not name; empty where it names all. */
  public String remarks() {
    return remarks;
  }

  /**
   * What is known of each sample in a text, as {@code glare: strong, paint: none}.
   *
   * @return sample_id and that text
   */
  public Dataset<Row> told(String as) {
    Column[] properties =
        columns().stream().map(p -> concat(lit(p + ": "), col(quoted(p)))).toArray(Column[]::new);
    return parts.select(col(Samples.SAMPLE_ID), concat_ws(", ", properties).as(as));
  }

  /**
   * @param column one of {@link #columns}
   */
  public Stratum by(String column) {
    return new ByColumn(column, values.get(column), parts);
  }

  /**
   * By one property.
   *
   * @param parts sample_id and the property's column
   */
  record ByColumn(String word, List<String> values, Dataset<Row> parts) implements Stratum {
    @Override
    public Map<String, EvaluationResult> score(
        SparkSession spark, String table, List<String> classes) {
      spark.sparkContext().setJobDescription("evaluate: sum the counts by " + word);
      try {
        Dataset<Row> part = parts.select(col(Samples.SAMPLE_ID), col(quoted(word)).as("part"));
        return Stratum.scores(
            spark
                .read()
                .parquet(table)
                .join(part, Samples.SAMPLE_ID)
                .javaRDD()
                .mapToPair(row -> new Tuple2<>(row.<String>getAs("part"), ImageTable.counts(row))),
            values,
            classes);
      } finally {
        spark.sparkContext().setJobDescription(null);
      }
    }
  }

  @Override
  public void close() {
    parts.unpersist();
  }
}
