package stillhouse.cache;

import static org.apache.spark.sql.functions.col;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.Samples;
import stillhouse.data.View;

/** Holds the samples, in each of their views, against the tables: cached or quarantined. */
final class Accounts {
  private static final int EXAMPLES = 3;

  private final SparkSession spark;
  private final CacheTables tables;
  private final CacheKeys keys;
  private final Dataset<Row> samples;

  /**
   * @param samples keyed
   */
  Accounts(SparkSession spark, CacheTables tables, CacheKeys keys, Dataset<Row> samples) {
    // As quarantine names them.
    this.samples = samples.drop("mask").withColumn("image_uri", Samples.part());
    this.spark = spark;
    this.tables = tables;
    this.keys = keys;
  }

  /**
   * @throws IllegalStateException where samples are missing from both, naming some
   */
  CacheReport report(
      CacheReport.Pass features, CacheReport.Pass answers, CacheReport.Pass structure) {
    Balance balance = balance();
    if (!balance.even()) {
      throw new IllegalStateException(
          "Cannot account for every sample: %d samples in their views, %d cached, %d quarantined; neither, for example: %s. Run the refresh again; where it repeats, the cache tables were edited by hand."
              .formatted(
                  balance.wanted(), balance.cached(), balance.quarantined(), balance.lost()));
    }
    long all = balance.samples();
    long out = balance.samplesOut();
    return new CacheReport(all, all - out, out, balance.byView(), features, answers, structure);
  }

  /**
   * What became of the samples, each counted once a view.
   *
   * @param samples rows of the samples table
   * @param samplesOut samples that lack a view and are in quarantine
   * @param byView what is cached
   * @param quarantined samples in views that are not cached, each image with a row in quarantine
   * @param lost some images that are neither
   */
  record Balance(
      long samples,
      long samplesOut,
      Map<View, Long> byView,
      long wanted,
      long quarantined,
      List<String> lost) {
    long cached() {
      return sum(byView);
    }

    boolean even() {
      return cached() + quarantined == wanted;
    }
  }

  Balance balance() {
    spark.sparkContext().setJobDescription("cache: account for every sample");
    Map<View, Long> wanted = byView(samples);
    Map<View, Long> cached = byView(tables.cached(spark, samples, keys));
    long all = wanted.getOrDefault(View.IDENTITY, 0L);
    if (wanted.equals(cached)) {
      return new Balance(all, 0, cached, sum(wanted), 0, List.of());
    }
    String[] unit = on("sample_id", CacheTables.VIEW);
    Dataset<Row> open =
        samples.join(tables.cached(spark, samples, keys).selectExpr(unit), unit, "left_anti");
    Dataset<Row> quarantine = CacheTables.delta(spark, tables.quarantinePath());
    Dataset<Row> known = open.join(quarantine, on("image_uri"), "left_semi");
    long units = known.count();
    long out = known.select("sample_id").distinct().count();
    boolean even = sum(cached) + units == sum(wanted);
    List<String> lost =
        even ? List.of() : examples(open.join(quarantine, on("image_uri"), "left_anti"));
    return new Balance(all, out, cached, sum(wanted), units, lost);
  }

  private static List<String> examples(Dataset<Row> lost) {
    return lost.select("image_uri").distinct().limit(EXAMPLES).collectAsList().stream()
        .map(row -> row.getString(0))
        .toList();
  }

  private static Map<View, Long> byView(Dataset<Row> samples) {
    Map<View, Long> counts = new EnumMap<>(View.class);
    for (Row row : samples.groupBy(col(CacheTables.VIEW)).count().collectAsList()) {
      counts.put(View.of(row.getString(0)), row.getLong(1)); // one row a view
    }
    return counts;
  }

  private static long sum(Map<View, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  private static String[] on(String... columns) {
    return columns;
  }
}
