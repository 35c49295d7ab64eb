package stillhouse.cache;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;

/**
 * Takes damaged files, doubled rows and rows without features out of a workspace's tables; what is
 * whole and wanted of such a file stays. The ingest or refresh that comes after finds the rest
 * missing and makes it anew. Reads every value of the tables.
 *
 * <p>A storage that does not answer must not empty a cache: a file counts as damaged where two jobs
 * could not read it, and where that is so of many files at once, nothing is done unless the caller
 * insists.
 */
public final class CacheRepair {
  private static final Logger log = LoggerFactory.getLogger(CacheRepair.class);
  private static final int TOLD = 20; // files in the log; the report has all counts
  // Disks lose files one by one; a rack or a credential takes a good part of them.
  private static final long A_HANDFUL = 5;
  private static final double A_FEW = 0.03; // of a table's files

  private final SparkSession spark;
  private final String root;
  private final CacheTables tables;
  private final Staging staging;

  private CacheRepair(SparkSession spark, String root, Staging staging) {
    this.spark = spark;
    this.root = root;
    this.tables = CacheTables.of(root);
    this.staging = staging;
  }

  /**
   * @param files damaged ones, taken out
   * @param kept rows of files that were taken out, written anew
   * @param lost rows of damaged files that are to be made again
   * @param surplus rows that went as second ones of their key, or without features
   */
  public record Report(long files, long kept, long lost, long surplus) {
    public static final Report NOTHING = new Report(0, 0, 0, 0);

    public Report plus(Report other) {
      return new Report(
          files + other.files, kept + other.kept, lost + other.lost, surplus + other.surplus);
    }
  }

  /**
   * Features, answers and structure; a refresh asks again what they lost.
   *
   * @param root the workspace; tables that are not there yet are whole
   * @param insist whether many damaged files are to go, too
   * @throws ConfigException where too many files look damaged, before anything has changed
   */
  public static Report cache(SparkSession caller, String root, boolean insist) {
    return run(caller, root, repair -> repair.cached(insist));
  }

  /**
   * Samples and quarantine; ingest takes up again what they lost: a sample is read and made anew,
   * an image whose row in quarantine went is tried once more.
   *
   * @param insist as of {@link #cache}
   */
  public static Report ingested(SparkSession caller, String root, boolean insist) {
    return run(caller, root, repair -> repair.books(insist));
  }

  /**
   * @throws ConfigException where samples or quarantine are damaged: no cache job can say what is
   *     missing then
   */
  public static void requireIngested(SparkSession caller, String root) {
    run(
        caller,
        root,
        repair -> {
          repair.ingestedTables().forEach(found -> requireWhole(found));
          return Report.NOTHING;
        });
  }

  private interface Work {
    Report of(CacheRepair repair);
  }

  private static Report run(SparkSession caller, String root, Work work) {
    SparkSession spark = DamageScan.session(caller);
    try (var staging = new Staging(spark, CacheTables.of(root).stagingPath())) {
      return work.of(new CacheRepair(spark, root, staging));
    } finally {
      caller.sparkContext().setJobDescription(null);
    }
  }

  private Report books(boolean insist) {
    List<DamageScan.Found> all = ingestedTables();
    all.forEach(found -> requireFew(found.path(), found.totals(), insist));
    Report report = Report.NOTHING;
    for (DamageScan.Found found : all) {
      // gc looks into older files of samples, too.
      report = report.plus(mend(found, nobody(found), true));
    }
    return report;
  }

  private List<DamageScan.Found> ingestedTables() {
    List<DamageScan.Found> all = new ArrayList<>();
    DamageScan scan = DamageScan.of(spark, staging);
    if (isThere(Samples.table(root))) {
      all.add(scan.samples(root));
    }
    if (isThere(Samples.quarantineTable(root))) {
      all.add(scan.quarantine(root));
    }
    return all;
  }

  private static void requireWhole(DamageScan.Found found) {
    if (found.totals().damagedFiles() > 0) {
      throw new ConfigException(
          "Cannot repair the cache alone: %d files of %s are damaged too, for example %s. What they held is found again by ingest: run 'refresh --repair'."
              .formatted(found.totals().damagedFiles(), found.path(), found.examples(1).get(0)));
    }
  }

  private Report cached(boolean insist) {
    Map<CacheTable, DamageScan.Found> all = new LinkedHashMap<>();
    for (CacheTable table : CacheTable.values()) {
      if (isThere(table.path(tables))) {
        DamageScan.Found found = DamageScan.of(spark, staging).scan(table, tables);
        requireFew(found.path(), found.totals(), insist);
        all.put(table, found);
      }
    }
    Map<CacheTable, Dataset<Row>> alone = new LinkedHashMap<>();
    all.forEach((table, found) -> alone.put(table, alone(table, all)));
    Report report = Report.NOTHING;
    for (CacheTable table : all.keySet()) {
      report = report.plus(mend(all.get(table), alone.get(table), false));
    }
    return report;
  }

  /**
   * Before any table changes. Where features were lost nothing counts as alone: the refresh that
   * follows may give a row its features back.
   */
  private Dataset<Row> alone(CacheTable table, Map<CacheTable, DamageScan.Found> all) {
    DamageScan.Found features = all.get(CacheTable.FEATURES);
    if (features == null || features.totals().lost() > 0) {
      return nobody(all.get(table));
    }
    return staging.put("repair-" + table.label() + "-alone", Orphans.of(table, tables, spark));
  }

  private Dataset<Row> nobody(DamageScan.Found found) {
    return found.rows().select(found.key()).limit(0);
  }

  private boolean isThere(String path) {
    return TableFiles.of(spark, path).version() >= 0;
  }

  private Report mend(DamageScan.Found found, Dataset<Row> alone, boolean forget) {
    if (found.totals().damagedFiles() > 0) {
      found.examples(TOLD).forEach(damage -> log.warn("Damaged: {}", damage));
    }
    return new TableRepair(spark, staging, found, alone, forget).run();
  }

  /**
   * @throws ConfigException where so many files at once are more likely not at hand than damaged
   */
  static void requireFew(String path, DamageScan.Totals totals, boolean insist) {
    long damaged = totals.damagedFiles();
    if (!insist && damaged > A_HANDFUL && damaged > A_FEW * totals.files()) {
      throw new ConfigException(
          "Cannot repair %s: %d of its %d files can't be read whole, which looks like a storage or a network that does not answer rather than like damage. Nothing was changed. Run 'verify' when it answers again; where these files are lost indeed, give --repair-many."
              .formatted(path, damaged, totals.files()));
    }
  }
}
