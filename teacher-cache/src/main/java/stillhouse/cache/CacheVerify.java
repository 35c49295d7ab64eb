package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

  /**
   * Whose rows are to be held against the samples, in which views.
   *
   * @param recompute how many images are asked about again
   * @param seed which ones: the same with the same seed, while the cache holds the same
   */
  public record Asked(
      TeacherSource teacher,
      PromptPlan plan,
      CacheOptions options,
      CacheRefresh refresh,
      int recompute,
      String seed) {}

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
        DamageScan.Found found = scan.scan(table, tables);
        all.add(report(found, Orphans.of(table, tables, spark), incomplete(table)));
      }
    }
    if (isThere(Samples.table(root))) {
      all.add(report(scan.samples(root), nobody(), Optional.empty()));
    }
    if (isThere(Samples.quarantineTable(root))) {
      all.add(report(scan.quarantine(root), nobody(), Optional.empty()));
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

  private Dataset<Row> nobody() {
    return spark.emptyDataFrame();
  }

  private Optional<Incomplete> incomplete(CacheTable table) {
    return table == CacheTable.ANSWERS
        ? Optional.of(Incomplete.of(tables.answers(DamageScan.session(spark))))
        : Optional.empty();
  }

  /**
   * @param orphans keys of rows without features
   */
  private static VerifyReport.Table report(
      DamageScan.Found found, Dataset<Row> orphans, Optional<Incomplete> incomplete) {
    DamageScan.Totals totals = found.totals();
    Row copies =
        found.doubled().agg(coalesce(sum(col(DamageScan.COPIES).minus(1)), lit(0L))).first();
    long doubled = copies.getLong(0);
    long alone = orphans.count();
    List<String> examples = new ArrayList<>();
    if (doubled > 0) {
      String times = "%s: row %s is there %d times";
      for (Row row : found.doubled().orderBy(found.key()).limit(EXAMPLES).collectAsList()) {
        examples.add(
            times.formatted(found.table(), row.get(0), row.<Long>getAs(DamageScan.COPIES)));
      }
    }
    if (alone > 0) {
      for (Row row : orphans.orderBy(found.key()).limit(EXAMPLES).collectAsList()) {
        examples.add("%s: row %s has no features".formatted(found.table(), row.getString(0)));
      }
    }
    long open = incomplete.map(Incomplete::count).orElse(0L);
    if (open > 0) {
      examples.addAll(incomplete.orElseThrow().examples(EXAMPLES));
    }
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
        doubled,
        alone,
        open,
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
            new Recompute.Choice(asked.recompute(), asked.seed()),
            EXAMPLES);
  }

  private CacheKeys keys(Asked asked) {
    return CacheKeys.of(spark, tables, asked.teacher().spec(), asked.plan(), asked.options());
  }
}
