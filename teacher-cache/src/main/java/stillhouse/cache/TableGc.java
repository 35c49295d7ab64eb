package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the dead rows of one table away where that is worth it: a file without a live row goes, one
 * that is less than half live is written anew with its live rows. Small live files, of which each
 * night leaves some that meet every range of keys, are put together into ones of the usual size,
 * each of a range of its own. Each commit is of a bounded share of files, so a run that is stopped
 * loses one at most and the next goes on.
 */
final class TableGc {
  private static final Logger log = LoggerFactory.getLogger(TableGc.class);
  private static final int DROPS_A_COMMIT = 1000; // a name in the log each
  private static final int REWRITES_A_COMMIT = 64;
  private static final long REWRITTEN_BYTES = 1L << 30;
  private static final int FEW = 8; // small files: readers of a range open them all
  private static final String LIVE = "live";
  private static final String FIRST = "first";
  private static final String RANGE = "range"; // of what commits hold ranges

  private final SparkSession spark;
  private final CacheTable table;
  private final String path;
  private final Staging staging;
  private final long fileBytes;

  TableGc(SparkSession spark, CacheTable table, CacheTables tables, Staging staging) {
    this(spark, table, tables, staging, CacheFiles.FILE_BYTES);
  }

  /**
   * @param fileBytes of files that are written; one of less than a quarter is small
   */
  TableGc(
      SparkSession spark, CacheTable table, CacheTables tables, Staging staging, long fileBytes) {
    this.spark = spark;
    this.table = table;
    this.path = table.path(tables);
    this.staging = staging;
    this.fileBytes = fileBytes;
  }

  /** One file that can go, or shrink. */
  private record Candidate(String file, long bytes, long rows, long live) {
    long liveBytes() {
      return bytes * live / rows;
    }
  }

  /**
   * What is to be done in one table.
   *
   * @param staying rows of the files that are left alone
   */
  record Plan(
      TableGc gc,
      long rows,
      long live,
      Dataset<Row> liveKeys,
      Dataset<Row> staying,
      List<Candidate> drops,
      List<Candidate> rewrites,
      List<List<Candidate>> merges) {

    long merged() {
      return merges.stream().mapToLong(List::size).sum();
    }

    /**
     * Feature keys of all rows that will be there, dead ones in files that stay among them: their
     * features must be there, too.
     */
    Dataset<Row> features() {
      return staying.select(CacheTables.FEATURE_KEY);
    }

    GcReport.Table told() {
      long freed =
          drops.stream().mapToLong(Candidate::bytes).sum()
              + Stream.concat(rewrites.stream(), merges.stream().flatMap(List::stream))
                  .mapToLong(c -> c.bytes() - c.liveBytes())
                  .sum();
      return gc.report(this, drops.size(), rewrites.size(), merged(), freed, 0);
    }

    /** What is left to the next time. */
    GcReport.Table leftAlone() {
      return gc.report(this, 0, 0, 0, 0, drops.size() + rewrites.size() + merged());
    }

    GcReport.Table carriedOut() {
      return gc.carryOut(this);
    }
  }

  private GcReport.Table report(
      Plan plan, long dropped, long compacted, long merged, long freedBytes, long skipped) {
    return new GcReport.Table(
        table.label(),
        plan.rows(),
        plan.rows() - plan.live(),
        dropped,
        compacted,
        merged,
        freedBytes,
        skipped);
  }

  /**
   * @param pointing keys that rows of other tables point to which stay, whether those are live or
   *     not: a row that one of them names is as good as live
   * @param before files that were written later are left alone
   */
  Plan plan(LiveRows rows, List<Dataset<Row>> pointing, long before) {
    spark.sparkContext().setJobDescription("gc: which rows of " + table.label() + " are live");
    TableFiles files = TableFiles.of(spark, path);
    Dataset<Row> liveKeys =
        staging.put("gc-" + table.label() + "-live", wanted(rows, pointing).distinct());
    Dataset<Row> placed =
        files
            .rows()
            .select(
                TableFiles.name(col("_metadata.file_path")).as(TableFiles.FILE),
                col(table.key()),
                col(CacheTables.FEATURE_KEY).as(RANGE))
            .join(liveKeys.withColumn(LIVE, lit(1)), new String[] {table.key()}, "left");
    Dataset<Row> counted =
        placed
            .groupBy(TableFiles.FILE)
            .agg(count(lit(1)).as("there"), count(LIVE).as(LIVE), min(RANGE).as(FIRST));
    Dataset<Row> all =
        staging.put(
            "gc-" + table.label() + "-files",
            files.all().join(counted, new String[] {TableFiles.FILE}));
    Row sums = all.agg(coalesce(sum("there"), lit(0L)), coalesce(sum(LIVE), lit(0L))).first();
    List<Candidate> drops = new ArrayList<>();
    List<Candidate> rewrites = new ArrayList<>();
    Column isPoor = col(TableFiles.WRITTEN).lt(before).and(col(LIVE).multiply(2).lt(col("there")));
    for (Candidate candidate : candidates(all.where(isPoor))) {
      (candidate.live() == 0 ? drops : rewrites).add(candidate);
    }
    Column isSmall =
        col(TableFiles.WRITTEN).lt(before).and(col(TableFiles.BYTES).lt(fileBytes / 4));
    List<Candidate> small = candidates(all.where(isSmall.and(not(isPoor))));
    Dataset<Row> others = all.where(not(isPoor)).select(TableFiles.FILE);
    Dataset<Row> staying =
        files
            .rows()
            .withColumn(TableFiles.FILE, TableFiles.name(col("_metadata.file_path")))
            .join(others, new String[] {TableFiles.FILE}, "left_semi");
    return new Plan(
        this, sums.getLong(0), sums.getLong(1), liveKeys, staying, drops, rewrites, merges(small));
  }

  private static List<Candidate> candidates(Dataset<Row> files) {
    return files
        .orderBy(FIRST, TableFiles.FILE)
        .select(TableFiles.FILE, TableFiles.BYTES, "there", LIVE)
        .collectAsList() // one a file
        .stream()
        .map(r -> new Candidate(r.getString(0), r.getLong(1), r.getLong(2), r.getLong(3)))
        .toList();
  }

  /** Those portions of which fewer files become: some, since a few cost a reader nothing. */
  private List<List<Candidate>> merges(List<Candidate> small) {
    return portions(small, REWRITES_A_COMMIT, REWRITTEN_BYTES).stream()
        .filter(some -> some.size() >= FEW && 2 * files(some) <= some.size())
        .toList();
  }

  /** What a sample points to, and what a row does that stays. */
  private Dataset<Row> wanted(LiveRows rows, List<Dataset<Row>> pointing) {
    return pointing.stream()
        .map(keys -> keys.distinct())
        .reduce(rows.of(table), (all, keys) -> all.unionByName(keys));
  }

  private GcReport.Table carryOut(Plan plan) {
    spark.sparkContext().setJobDescription("gc: " + table.label());
    var replacement = new FileReplacement(spark, path);
    long before = TableFiles.of(spark, path).sums().bytes();
    long dropped = 0;
    long compacted = 0;
    for (List<Candidate> some : portions(plan.drops(), DROPS_A_COMMIT, Long.MAX_VALUE)) {
      dropped += replacement.commit(names(some), Optional.empty()) ? some.size() : 0;
    }
    for (List<Candidate> some : portions(plan.rewrites(), REWRITES_A_COMMIT, REWRITTEN_BYTES)) {
      boolean done = rewrite(replacement, some, rows -> live(rows, plan.liveKeys(), files(some)));
      compacted += done ? some.size() : 0;
    }
    long merged = 0;
    for (List<Candidate> some : plan.merges()) {
      boolean done = rewrite(replacement, some, rows -> inRanges(rows, plan.liveKeys(), some));
      merged += done ? some.size() : 0;
    }
    long done = dropped + compacted + merged;
    long skipped = plan.drops().size() + plan.rewrites().size() + plan.merged() - done;
    if (skipped > 0) {
      log.info("{} files of {} were taken by another writer: left to it", skipped, path);
    }
    long freed = before - TableFiles.of(spark, path).sums().bytes();
    return report(plan, dropped, compacted, merged, freed, skipped);
  }

  /** As many as their live rows fill. */
  private int files(List<Candidate> some) {
    long bytes = some.stream().mapToLong(Candidate::liveBytes).sum();
    return (int) Math.max(1, (bytes + fileBytes - 1) / fileBytes);
  }

  private static boolean rewrite(
      FileReplacement replacement, List<Candidate> some, UnaryOperator<Dataset<Row>> how) {
    return replacement
        .rows(names(some))
        .map(rows -> replacement.commit(names(some), Optional.of(how.apply(rows))))
        .orElse(false);
  }

  private Dataset<Row> live(Dataset<Row> rows, Dataset<Row> liveKeys, int files) {
    return live(rows, liveKeys).coalesce(files).sortWithinPartitions(CacheTables.FEATURE_KEY);
  }

  /** Rows are sent round here, since each file held some of every range; 1 GiB of them at most. */
  private Dataset<Row> inRanges(Dataset<Row> rows, Dataset<Row> liveKeys, List<Candidate> some) {
    Dataset<Row> live = live(rows, liveKeys);
    int files = files(some);
    Column key = col(CacheTables.FEATURE_KEY);
    Dataset<Row> shares = files == 1 ? live.coalesce(1) : live.repartitionByRange(files, key);
    return shares.sortWithinPartitions(key);
  }

  /** Only keys are matched and sent round; the rows themselves are not shuffled. */
  private Dataset<Row> live(Dataset<Row> rows, Dataset<Row> liveKeys) {
    String[] key = {table.key()};
    Dataset<Row> there = liveKeys.join(broadcast(rows.select(table.key())), key, "left_semi");
    return rows.join(broadcast(there), key, "left_semi");
  }

  private static List<String> names(List<Candidate> files) {
    return files.stream().map(Candidate::file).toList();
  }

  private static List<List<Candidate>> portions(List<Candidate> all, int most, long bytes) {
    List<List<Candidate>> portions = new ArrayList<>();
    long held = 0;
    for (Candidate one : all) {
      boolean full =
          portions.isEmpty()
              || portions.get(portions.size() - 1).size() == most
              || held + one.bytes() > bytes;
      if (full) {
        portions.add(new ArrayList<>());
        held = 0;
      }
      portions.get(portions.size() - 1).add(one);
      held += one.bytes();
    }
    return portions;
  }
}
