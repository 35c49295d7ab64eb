package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSource;

/**
 * Holds a cache against what it promises: every live file reads whole, every tensor is what was
 * written, no key is there twice, every answer and structure map has its features, every sample is
 * cached or quarantined, and the teacher says the same again.
 */
public final class CacheVerify {
  /** Of each kind of damage so many cases are named; the counts are of all. */
  public static final int EXAMPLES = 50;

  private final SparkSession spark;
  private final CacheTables tables;
  private final String root;

  private CacheVerify(SparkSession spark, String root) {
    this.spark = spark;
    this.root = root;
    this.tables = CacheTables.of(root);
  }

  /** Whose rows are to be held against the samples, and how many images are asked about again. */
  public record Asked(
      TeacherSource teacher,
      PromptPlan plan,
      CacheOptions options,
      CacheRefresh refresh,
      int recompute) {}

  /**
   * @param root the workspace
   * @throws ConfigException where a teacher is asked about and there is no cache
   */
  public static VerifyReport run(SparkSession caller, String root, Optional<Asked> asked) {
    SparkSession spark = CacheFiles.session(caller);
    var verify = new CacheVerify(spark, root);
    asked.ifPresent(a -> verify.requireCache());
    try (var staging = new Staging(spark, verify.tables.stagingPath(), false)) {
      return new VerifyReport(
          verify.tables(staging),
          asked.map(verify::samples),
          asked.filter(a -> a.recompute() > 0).map(a -> verify.recomputed(a, staging)));
    } finally {
      caller.sparkContext().setJobDescription(null);
    }
  }

  private List<VerifyReport.Table> tables(Staging staging) {
    DamageScan scan = DamageScan.of(spark, staging);
    List<VerifyReport.Table> all = new ArrayList<>();
    for (CacheTable table : CacheTable.values()) {
      if (isThere(table.path(tables))) {
        all.add(table(table, scan.scan(table, tables)));
      }
    }
    for (String path : List.of(Samples.table(root), Samples.quarantineTable(root))) {
      if (isThere(path)) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        all.add(report(scan.scan(name, path, Samples.IMAGE_URI), 0, 0, List.of()));
      }
    }
    return all;
  }

  private void requireCache() {
    if (!isThere(tables.featuresPath())) {
      throw new ConfigException(
          "Cannot verify a teacher's rows: " + root + " has no cache. Run the cache job first.");
    }
  }

  private boolean isThere(String path) {
    return TableFiles.of(spark, path).version() >= 0;
  }

  private VerifyReport.Table table(CacheTable table, DamageScan.Found found) {
    Dataset<Row> counts =
        found.rows().groupBy(table.key()).agg(count(lit(1)).as("n")).where(col("n").gt(1));
    long duplicates = counts.agg(coalesce(sum(col("n").minus(1)), lit(0L))).first().getLong(0);
    Dataset<Row> orphans = orphans(table);
    long alone = orphans.count();
    List<String> told =
        Stream.concat(
                keys(counts, table.key(), "is there %d times"),
                keys(orphans.withColumn("n", lit(0L)), table.key(), "has no features"))
            .map(t -> table.label() + ": " + t)
            .toList();
    return report(found, duplicates, alone, told);
  }

  private static Stream<String> keys(Dataset<Row> rows, String key, String what) {
    return rows.select(key, "n").orderBy(key).limit(EXAMPLES).collectAsList().stream()
        .map(row -> "row " + row.getString(0) + " " + what.formatted(row.getLong(1)));
  }

  /** By key columns alone, of files that a damaged page elsewhere in them doesn't stop. */
  private Dataset<Row> orphans(CacheTable table) {
    SparkSession lenient = DamageScan.session(spark);
    Dataset<Row> rows = CacheTables.delta(lenient, table.path(tables));
    if (table == CacheTable.FEATURES) {
      return rows.limit(0);
    }
    return rows.select(table.key(), CacheTables.FEATURE_KEY)
        .join(
            tables.features(lenient).select(CacheTables.FEATURE_KEY),
            new String[] {CacheTables.FEATURE_KEY},
            "left_anti");
  }

  private static VerifyReport.Table report(
      DamageScan.Found found, long duplicates, long orphans, List<String> more) {
    DamageScan.Totals totals = found.totals();
    List<String> examples = new ArrayList<>(more);
    if (totals.damagedFiles() > 0) {
      examples.addAll(found.examples(EXAMPLES));
    }
    return new VerifyReport.Table(
        found.table(),
        totals.files(),
        totals.rows(),
        totals.damagedFiles(),
        totals.lost(),
        totals.bad(),
        duplicates,
        orphans,
        examples);
  }

  private VerifyReport.Samples samples(Asked asked) {
    CacheKeys keys = keys(asked);
    SparkSession lenient = DamageScan.session(spark);
    var keyed = CacheTables.keyed(tables.samples(lenient), keys, asked.options().views());
    Accounts.Balance balance = new Accounts(lenient, tables, keys, keyed).balance();
    return new VerifyReport.Samples(
        balance.wanted(), balance.cached(), balance.quarantined(), balance.lost());
  }

  private VerifyReport.Recomputed recomputed(Asked asked, Staging staging) {
    return new Recompute(DamageScan.session(spark), tables, keys(asked), staging)
        .run(
            asked.refresh(),
            asked.teacher(),
            asked.plan(),
            asked.options(),
            asked.recompute(),
            EXAMPLES);
  }

  private CacheKeys keys(Asked asked) {
    return CacheKeys.of(spark, tables, asked.teacher().spec(), asked.plan(), asked.options());
  }
}
