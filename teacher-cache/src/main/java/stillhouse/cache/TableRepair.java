package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes out of one table what is damaged or too many: of each file that holds some of it the other
 * rows are written anew in the commit that takes the file out.
 */
final class TableRepair {
  private static final Logger log = LoggerFactory.getLogger(TableRepair.class);
  private static final int FILES_A_COMMIT = 64;
  private static final String GONE = "gone"; // rows of a key in a file that go
  private static final String ALL = "all"; // whether that is all of them
  private static final String INDEX = "index";
  private static final String FIRST = "first";

  private final SparkSession spark;
  private final DamageScan.Found found;
  private final Dataset<Row> out;
  private final boolean forget;

  /**
   * @param spark a session that goes on where a file can't be read
   * @param orphans keys of rows that are to go, whether they are damaged or not
   * @param forget whether nobody may look into a damaged file again, be it by an older version
   */
  TableRepair(
      SparkSession spark,
      Staging staging,
      DamageScan.Found found,
      Dataset<Row> orphans,
      boolean forget) {
    this.spark = spark;
    this.found = found;
    this.forget = forget;
    this.out = staging.put("repair-" + found.table(), surplus(found, orphans));
  }

  /** Rows that are intact and too many: file, key, {@link #GONE}, {@link #ALL}. */
  private static Dataset<Row> surplus(DamageScan.Found found, Dataset<Row> orphans) {
    String[] key = {found.key()};
    Dataset<Row> placed =
        found.intact().groupBy(TableFiles.FILE, found.key()).agg(count(lit(1)).as(GONE));
    Dataset<Row> alone =
        placed.join(orphans.distinct(), key, "left_semi").withColumn(ALL, lit(true));
    Column stays = col(TableFiles.FILE).equalTo(col(DamageScan.IN));
    Dataset<Row> doubled =
        placed
            .join(found.doubled(), key)
            .join(orphans, key, "left_anti")
            .withColumn(ALL, not(stays))
            .withColumn(GONE, when(stays, col(GONE).minus(1)).otherwise(col(GONE)))
            .where(col(GONE).gt(0));
    return alone.unionByName(doubled.select(columns(alone)));
  }

  private static Column[] columns(Dataset<Row> rows) {
    return List.of(rows.columns()).stream().map(c -> col(c)).toArray(Column[]::new);
  }

  /** A file that goes. */
  private record Touched(String name, long stated, long read, long bad, long gone) {
    boolean damaged() {
      return stated != read || bad > 0;
    }

    long kept() {
      return read - bad - gone;
    }
  }

  CacheRepair.Report run() {
    List<Touched> damaged = new ArrayList<>();
    List<Touched> others = new ArrayList<>();
    for (Row row : touched().collectAsList()) { // one a file
      var file =
          new Touched(
              row.getString(0), row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4));
      (file.damaged() ? damaged : others).add(file);
    }
    var report = CacheRepair.Report.NOTHING;
    for (List<Touched> some : portions(damaged)) {
      report = report.plus(replace(some, forget));
    }
    for (List<Touched> some : portions(others)) {
      report = report.plus(replace(some, false));
    }
    return report;
  }

  private Dataset<Row> touched() {
    Dataset<Row> gone = out.groupBy(TableFiles.FILE).agg(sum(GONE).as(GONE));
    return found
        .files()
        .join(gone, new String[] {TableFiles.FILE}, "left")
        .where(DamageScan.isDamaged().or(col(GONE).gt(0)))
        .orderBy(TableFiles.FILE)
        .select(
            col(TableFiles.FILE),
            col(TableFiles.ROWS),
            col(DamageScan.READ),
            col(DamageScan.BAD),
            coalesce(col(GONE), lit(0L)));
  }

  private CacheRepair.Report replace(List<Touched> some, boolean forgetting) {
    spark.sparkContext().setJobDescription("repair: " + found.table());
    List<String> files = some.stream().map(Touched::name).toList();
    // One that gives no row may not be there at all.
    List<String> giving = some.stream().filter(f -> f.read() > 0).map(Touched::name).toList();
    long kept = some.stream().mapToLong(Touched::kept).sum();
    long gone = some.stream().mapToLong(Touched::gone).sum();
    long lost = some.stream().mapToLong(f -> f.stated() - f.read() + f.bad()).sum();
    long damaged = some.stream().filter(Touched::damaged).count();
    var replacement = new FileReplacement(spark, found.path());
    Optional<Dataset<Row>> rows =
        kept == 0 ? Optional.empty() : replacement.rows(giving).map(all -> staying(all, files));
    boolean there = kept == 0 || rows.isPresent();
    if (!there || !commit(replacement, files, rows, forgetting)) {
      log.info("Another job has replaced some of {} files of {}", files.size(), found.path());
      return CacheRepair.Report.NOTHING;
    }
    return new CacheRepair.Report(damaged, kept, lost, gone);
  }

  private static boolean commit(
      FileReplacement replacement,
      List<String> files,
      Optional<Dataset<Row>> rows,
      boolean forgetting) {
    return forgetting ? replacement.commitForgetting(files, rows) : replacement.commit(files, rows);
  }

  /** Keys and places are matched and sent round; the rows themselves are never shuffled. */
  private Dataset<Row> staying(Dataset<Row> rows, List<String> files) {
    String[] place = {TableFiles.FILE, INDEX};
    String[] keyed = {TableFiles.FILE, found.key()};
    Dataset<Row> placed =
        rows.withColumn(TableFiles.FILE, TableFiles.name(col("_metadata.file_path")))
            .withColumn(INDEX, col("_metadata.row_index"));
    Dataset<Row> goes =
        out.select(TableFiles.FILE, found.key(), ALL)
            .unionByName(
                found.bad().select(TableFiles.FILE, found.key()).withColumn(ALL, lit(true)))
            .where(col(TableFiles.FILE).isin(files.toArray()));
    Dataset<Row> candidates =
        placed.select(TableFiles.FILE, INDEX, found.key()).join(broadcast(goes), keyed);
    Dataset<Row> firsts =
        candidates.groupBy(TableFiles.FILE, found.key()).agg(min(INDEX).as(FIRST));
    Dataset<Row> gone =
        candidates
            .join(broadcast(firsts), keyed)
            .where(col(ALL).or(col(INDEX).gt(col(FIRST))))
            .select(TableFiles.FILE, INDEX);
    return placed.join(broadcast(gone), place, "left_anti").select(columns(rows));
  }

  private static List<List<Touched>> portions(List<Touched> files) {
    List<List<Touched>> portions = new ArrayList<>();
    for (int from = 0; from < files.size(); from += FILES_A_COMMIT) {
      portions.add(files.subList(from, Math.min(files.size(), from + FILES_A_COMMIT)));
    }
    return portions;
  }
}
