package stillhouse.cache;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Holds the samples against the tables: each is cached or quarantined. */
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
    this.samples = samples.drop("mask");
    this.spark = spark;
    this.tables = tables;
    this.keys = keys;
  }

  /**
   * @throws IllegalStateException where samples are missing from both, naming some
   */
  CacheReport report(
      CacheReport.Pass features, CacheReport.Pass answers, CacheReport.Pass structure) {
    spark.sparkContext().setJobDescription("cache: account for every sample");
    long total = samples.count();
    long cached = cached().count();
    if (cached == total) {
      return new CacheReport(total, cached, 0, features, answers, structure);
    }
    Dataset<Row> open = samples.join(cached().select("sample_id"), on("sample_id"), "left_anti");
    Dataset<Row> quarantine = CacheTables.delta(spark, tables.quarantinePath());
    long quarantined = open.join(quarantine, on("image_uri"), "left_semi").count();
    if (cached + quarantined != total) {
      Dataset<Row> lost = open.join(quarantine, on("image_uri"), "left_anti");
      List<Row> examples = lost.select("image_uri").limit(EXAMPLES).collectAsList();
      throw new IllegalStateException(
          "Cannot account for every sample: %d samples, %d cached, %d quarantined; neither, for example: %s. Run the refresh again; where it repeats, the cache tables were edited by hand."
              .formatted(
                  total,
                  cached,
                  quarantined,
                  examples.stream().map(row -> row.getString(0)).toList()));
    }
    return new CacheReport(total, cached, quarantined, features, answers, structure);
  }

  private Dataset<Row> cached() {
    Dataset<Row> done =
        samples
            .join(tables.features(spark), on(CacheTables.FEATURE_KEY), "left_semi")
            .join(tables.structure(spark), on(CacheTables.STRUCTURE_KEY), "left_semi");
    if (!keys.answers()) {
      return done;
    }
    Dataset<Row> answers = CacheTables.answersOf(tables.answers(spark), keys);
    String[] unit = on(CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT);
    return done.join(answers, unit, "left_semi");
  }

  private static String[] on(String... columns) {
    return columns;
  }
}
