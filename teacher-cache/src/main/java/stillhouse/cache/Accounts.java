package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.when;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.Samples;
import stillhouse.data.View;

/** Holds the samples, in each of their views, against the tables: cached or quarantined. */
final class Accounts {
  private static final int EXAMPLES = 3;
  private static final String EXCUSED = "excused";
  private static final String[] UNIT = {"sample_id", CacheTables.VIEW, Samples.IMAGE_URI};

  private final SparkSession spark;
  private final CacheTables tables;
  private final CacheKeys keys;
  private final Dataset<Row> samples;

  /**
   * @param samples keyed
   */
  Accounts(SparkSession spark, CacheTables tables, CacheKeys keys, Dataset<Row> samples) {
    // As quarantine names them.
    this.samples = samples.drop("mask").withColumn(Samples.IMAGE_URI, Samples.part());
    this.spark = spark;
    this.tables = tables;
    this.keys = keys;
  }

  /**
   * @throws IllegalStateException where samples are missing from both, naming some
   */
  CacheReport report(
      Ledger ledger,
      CacheReport.Pass features,
      CacheReport.Pass answers,
      CacheReport.Pass structure) {
    Balance balance = balance(ledger);
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
   * @param quarantined samples in views that are not cached, each with a row in quarantine of one
   *     of its own keys
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
      return byView.values().stream().mapToLong(Long::longValue).sum();
    }

    boolean even() {
      return cached() + quarantined == wanted;
    }
  }

  Ledger ledger() {
    describe();
    return Ledger.of(spark, tables, keys, samples);
  }

  Balance balance() {
    return balance(ledger());
  }

  private Balance balance(Ledger ledger) {
    describe();
    Map<View, Long> cached = new EnumMap<>(View.class);
    ledger.views().forEach((view, rows) -> cached.put(view, rows.whole()));
    cached.values().removeIf(rows -> rows == 0);
    var identity = ledger.views().getOrDefault(View.IDENTITY, new Ledger.Rows(0, 0));
    long wanted = ledger.views().values().stream().mapToLong(Ledger.Rows::all).sum();
    long whole = ledger.views().values().stream().mapToLong(Ledger.Rows::whole).sum();
    if (wanted == whole) {
      return new Balance(identity.all(), 0, cached, wanted, 0, List.of());
    }
    Dataset<Row> open = open();
    Column excused = col(EXCUSED).isNotNull();
    Row sums = open.agg(count(EXCUSED), countDistinct(when(excused, col("sample_id")))).first();
    boolean even = whole + sums.getLong(0) == wanted;
    List<String> lost = even ? List.of() : examples(open.where(col(EXCUSED).isNull()));
    return new Balance(identity.all(), sums.getLong(1), cached, wanted, sums.getLong(0), lost);
  }

  /** Samples in views that are not cached, and whether quarantine says why. */
  private Dataset<Row> open() {
    Dataset<Row> open =
        samples.join(Ledger.open(spark, tables, keys, samples), Ledger.QUESTION, "left_semi");
    Dataset<Row> excuses = Excuses.keys(spark, tables).withColumn(EXCUSED, lit(1));
    return Excuses.named(open, keys)
        .join(excuses, new String[] {Samples.CACHE_KEY}, "left_outer")
        .groupBy(col(UNIT[0]), col(UNIT[1]), col(UNIT[2]))
        .agg(max(EXCUSED).as(EXCUSED));
  }

  private static List<String> examples(Dataset<Row> lost) {
    return lost.select(Samples.IMAGE_URI).distinct().limit(EXAMPLES).collectAsList().stream()
        .map(row -> row.getString(0))
        .toList();
  }

  private void describe() {
    spark.sparkContext().setJobDescription("cache: account for every sample");
  }
}
