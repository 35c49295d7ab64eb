package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.get_json_object;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.IngestedDataset;
import stillhouse.data.Samples;

/** The queries of {@link CacheStats}. */
public final class StatsQueries {
  private static final String WHOLE = "file_rows";
  private static final String SHARE = "share";

  private final SparkSession spark;
  private final String root;
  private final CacheTables tables;

  private StatsQueries(SparkSession spark, String root) {
    this.spark = spark;
    this.root = root;
    this.tables = CacheTables.of(root);
  }

  /**
   * @param root the workspace, with at least {@code tables/samples}
   */
  public static CacheStats run(SparkSession spark, String root) {
    return new StatsQueries(spark, root).all();
  }

  private CacheStats all() {
    Map<String, String> paths = new LinkedHashMap<>();
    paths.put("samples", Samples.table(root));
    paths.put("quarantine", Samples.quarantineTable(root));
    paths.put("features", tables.featuresPath());
    paths.put("answers", tables.answersPath());
    paths.put("structure", tables.structurePath());
    List<CacheStats.Table> sizes = new ArrayList<>();
    paths.forEach((name, path) -> sizes.add(table(name, path)));
    return new CacheStats(
        sizes,
        features(),
        answers(),
        structure(),
        samples(),
        quarantine(),
        ViewFolders.of(spark, root).stats(),
        FolderSize.of(spark, tables.stagingPath()).bytes());
  }

  private CacheStats.Table table(String name, String path) {
    describe(name + ", from its log");
    TableFiles files = TableFiles.of(spark, path);
    if (files.version() < 0) {
      return new CacheStats.Table(name, files.version(), "", 0, 0, 0, 0);
    }
    TableFiles.Sums sums = files.sums();
    return new CacheStats.Table(
        name,
        files.version(),
        files.committed().toString(),
        sums.files(),
        sums.bytes(),
        sums.rows(),
        inFolder(path) - sums.bytes());
  }

  private long inFolder(String path) {
    FolderSize log = FolderSize.of(spark, path + "/_delta_log");
    return FolderSize.of(spark, path).bytes() - log.bytes();
  }

  private List<CacheStats.Features> features() {
    String[] by = {"teacher", "encoder_digest", "preprocessing", "view", "encoding"};
    return grouped("features", tables.featuresPath(), rows -> rows, by)
        .map(
            row ->
                new CacheStats.Features(
                    row.getString(0),
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getAs(TableFiles.ROWS),
                    row.getAs(TableFiles.BYTES)))
        .toList();
  }

  private List<CacheStats.Answers> answers() {
    Column asked =
        when(get_json_object(col("prompt"), "$.box").isNotNull(), lit("box"))
            .when(get_json_object(col("prompt"), "$.point").isNotNull(), lit("point"))
            .when(col(CacheTables.LOGITS + ".dtype").isNull(), lit("nothing"))
            .otherwise(col("prompt"));
    String[] by = {"teacher", CacheTables.DECODER_DIGEST, "encoding", "asked"};
    return grouped(
            "answers",
            tables.answersPath(),
            rows -> withTeacher(rows.withColumn("asked", asked)),
            by)
        .map(
            row ->
                new CacheStats.Answers(
                    row.getString(0),
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getAs(TableFiles.ROWS),
                    row.getAs("images"),
                    row.getAs(TableFiles.BYTES)))
        .toList();
  }

  private List<CacheStats.Structure> structure() {
    String[] by = {"teacher", "encoding", "layer", "radius"};
    return grouped("structure", tables.structurePath(), this::withTeacher, by)
        .map(
            row ->
                new CacheStats.Structure(
                    row.getString(0),
                    row.getString(1),
                    row.getString(2),
                    row.getInt(3),
                    row.getAs(TableFiles.ROWS),
                    row.getAs(TableFiles.BYTES)))
        .toList();
  }

  /** Adds whose features each row was made from, by key columns alone. */
  private Dataset<Row> withTeacher(Dataset<Row> rows) {
    Dataset<Row> features =
        tables.features(spark).select(CacheTables.FEATURE_KEY, "teacher", "encoding");
    return rows.join(features, new String[] {CacheTables.FEATURE_KEY}, "left")
        .withColumn("teacher", coalesce(col("teacher"), lit("")))
        .withColumn("encoding", coalesce(col("encoding"), lit("")));
  }

  /** Rows, images and a share of the files' bytes for each value of {@code by}. */
  private Stream<Row> grouped(
      String name, String path, Function<Dataset<Row>, Dataset<Row>> enrich, String... by) {
    TableFiles table = TableFiles.of(spark, path);
    if (table.version() < 0) {
      return Stream.empty();
    }
    describe(name + " by what made them");
    Dataset<Row> sizes = table.all().select(col(TableFiles.FILE), col(TableFiles.BYTES).as(WHOLE));
    Column[] columns = columns(by);
    Dataset<Row> rows =
        enrich.apply(
            table.rows().withColumn(TableFiles.FILE, TableFiles.name(col("_metadata.file_path"))));
    Dataset<Row> counts =
        rows.groupBy(with(columns, col(TableFiles.FILE))).agg(count(lit(1)).as(TableFiles.ROWS));
    // An image asked anew has answers in more than one file.
    Dataset<Row> images =
        rows.groupBy(columns).agg(countDistinct(CacheTables.FEATURE_KEY).as("images"));
    Dataset<Row> whole =
        counts
            .groupBy(TableFiles.FILE)
            .agg(sum(TableFiles.ROWS).as("of"))
            .join(sizes, TableFiles.FILE);
    return counts
        .join(whole, TableFiles.FILE)
        .withColumn(SHARE, col(WHOLE).multiply(col(TableFiles.ROWS)).divide(col("of")))
        .groupBy(columns)
        .agg(sum(TableFiles.ROWS).as(TableFiles.ROWS), sum(SHARE).cast("long").as(TableFiles.BYTES))
        .join(images, by)
        .orderBy(columns)
        .collectAsList()
        .stream();
  }

  private static Column[] columns(String... names) {
    return Arrays.stream(names).map(n -> col(n)).toArray(Column[]::new);
  }

  private static Column[] with(Column[] columns, Column last) {
    return Stream.concat(Arrays.stream(columns), Stream.of(last)).toArray(Column[]::new);
  }

  private List<CacheStats.Split> samples() {
    describe("samples by split and class");
    Dataset<Row> samples = tables.samples(spark);
    Map<String, Map<String, Long>> shown = shown(samples);
    return samples
        .groupBy(Samples.SPLIT)
        .agg(count(lit(1)), count(Samples.MASK))
        .orderBy(Samples.SPLIT)
        .collectAsList()
        .stream()
        .map(
            row ->
                new CacheStats.Split(
                    row.getString(0),
                    row.getLong(1),
                    row.getLong(2),
                    row.getLong(1) - row.getLong(2),
                    shown.getOrDefault(row.getString(0), Map.of())))
        .toList();
  }

  private Map<String, Map<String, Long>> shown(Dataset<Row> samples) {
    List<String> names =
        IngestedDataset.read(spark, root).map(IngestedDataset::classes).orElse(List.of());
    Map<String, Map<String, Long>> shown = new LinkedHashMap<>();
    samples
        .select(col(Samples.SPLIT), explode(col(Samples.CLASSES_PRESENT)).as("class"))
        .groupBy(Samples.SPLIT, "class")
        .agg(count(lit(1)))
        .orderBy(Samples.SPLIT, "class")
        .collectAsList()
        .forEach(
            row ->
                shown
                    .computeIfAbsent(row.getString(0), s -> new LinkedHashMap<>())
                    .put(className(names, row.getInt(1)), row.getLong(2)));
    return shown;
  }

  private static String className(List<String> names, int index) {
    return index <= names.size() ? names.get(index - 1) : "class " + index;
  }

  private List<CacheStats.Refused> quarantine() {
    if (TableFiles.of(spark, tables.quarantinePath()).version() < 0) {
      return List.of();
    }
    describe("quarantine by reason");
    return CacheTables.delta(spark, tables.quarantinePath())
        .groupBy(Samples.STAGE, Samples.REASON)
        .agg(countDistinct(Samples.IMAGE_URI))
        .orderBy(Samples.STAGE, Samples.REASON)
        .collectAsList()
        .stream()
        .map(row -> new CacheStats.Refused(row.getString(0), row.getString(1), row.getLong(2)))
        .toList();
  }

  private void describe(String what) {
    spark.sparkContext().setJobDescription("stats: " + what);
  }
}
