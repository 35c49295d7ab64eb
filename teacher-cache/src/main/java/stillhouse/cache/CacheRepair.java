package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes damaged files out of the cache's tables; what can still be read of them stays. The refresh
 * that comes after finds the rest missing and asks the teacher anew. Reads every tensor of the
 * cache.
 */
public final class CacheRepair {
  private static final Logger log = LoggerFactory.getLogger(CacheRepair.class);
  private static final int TOLD = 20; // files in the log; the report has all counts
  private static final int FILES_A_COMMIT = 64;

  private final SparkSession spark;
  private final CacheTables tables;

  private CacheRepair(SparkSession spark, CacheTables tables) {
    this.spark = spark;
    this.tables = tables;
  }

  /**
   * @param files taken out
   * @param kept rows of them that were written anew
   * @param lost rows of them that are to be asked again
   */
  public record Report(long files, long kept, long lost) {
    Report plus(Report other) {
      return new Report(files + other.files, kept + other.kept, lost + other.lost);
    }
  }

  /**
   * @param root the workspace; tables that are not there yet are whole
   */
  public static Report run(SparkSession caller, String root) {
    CacheTables tables = CacheTables.of(root);
    SparkSession spark = DamageScan.session(caller);
    try (var staging = new Staging(spark, tables.stagingPath())) {
      var repair = new CacheRepair(spark, tables);
      Report report = new Report(0, 0, 0);
      for (CacheTable table : CacheTable.values()) {
        if (TableFiles.of(spark, table.path(tables)).version() >= 0) {
          report = report.plus(repair.mend(table, DamageScan.of(spark, staging)));
        }
      }
      return report;
    } finally {
      caller.sparkContext().setJobDescription(null);
    }
  }

  private Report mend(CacheTable table, DamageScan scan) {
    DamageScan.Found found = scan.scan(table, tables);
    if (found.totals().damagedFiles() == 0) {
      return new Report(0, 0, 0);
    }
    found.examples(TOLD).forEach(damage -> log.warn("Damaged: {}", damage));
    Report report = new Report(0, 0, 0);
    for (List<Row> some : portions(found.files().orderBy(TableFiles.FILE).collectAsList())) {
      report = report.plus(replace(table, found, some));
    }
    return report;
  }

  private Report replace(CacheTable table, DamageScan.Found found, List<Row> damaged) {
    spark.sparkContext().setJobDescription("repair: " + table.label());
    List<String> files = damaged.stream().map(row -> row.getString(0)).toList();
    long kept = damaged.stream().mapToLong(row -> row.getLong(2) - row.getLong(3)).sum();
    long stated = damaged.stream().mapToLong(row -> row.getLong(1)).sum();
    var replacement = new FileReplacement(spark, table.path(tables));
    // One that gives no row may not be there at all.
    List<String> giving =
        damaged.stream().filter(row -> row.getLong(2) > 0).map(row -> row.getString(0)).toList();
    Optional<Dataset<Row>> intact =
        kept == 0
            ? Optional.empty()
            : replacement.rows(giving).map(rows -> intact(rows, table, found));
    if ((kept > 0 && intact.isEmpty()) || !replacement.commit(files, intact)) {
      log.info("Another job has replaced some of {} damaged files meanwhile", files.size());
      return new Report(0, 0, 0);
    }
    return new Report(files.size(), kept, stated - kept);
  }

  private static Dataset<Row> intact(Dataset<Row> rows, CacheTable table, DamageScan.Found found) {
    Dataset<Row> bad = broadcast(found.bad().select(table.key()));
    return rows.join(bad, new String[] {table.key()}, "left_anti");
  }

  private static List<List<Row>> portions(List<Row> files) {
    List<List<Row>> portions = new ArrayList<>();
    for (int from = 0; from < files.size(); from += FILES_A_COMMIT) {
      portions.add(files.subList(from, Math.min(files.size(), from + FILES_A_COMMIT)));
    }
    return portions;
  }
}
