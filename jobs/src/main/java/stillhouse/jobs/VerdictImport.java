package stillhouse.jobs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;
import stillhouse.cache.CacheTables;
import stillhouse.cache.VerdictTable;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;
import stillhouse.data.Verdict;

/** Takes reviewers' verdicts into the table {@code verdicts}: all of a file's, or none. */
final class VerdictImport {
  static final double MOST_WEIGHT = 1000; // past this a sample drowns the rest of its batch
  private static final List<String> SOURCES = List.of("human", "vlm");
  private static final int TOLD = 5; // problems, of however many
  private static final String PROBLEM = "problem";

  private final SparkSession spark;
  private final String root;

  VerdictImport(SparkSession spark, String root) {
    this.spark = spark;
    this.root = root;
  }

  /**
   * @param verdicts samples judged
   * @param blank rows without a verdict, which are left alone
   * @param added verdicts that differ from those that held
   */
  record Taken(long verdicts, long blank, long added) {}

  /**
   * @throws ConfigException naming line and value of what can't be taken; nothing is stored then
   */
  Taken take(String path) {
    Dataset<Row> read = VerdictFile.read(spark, path).persist(StorageLevel.MEMORY_AND_DISK());
    try {
      Dataset<Row> judged = read.where(col(VerdictTable.VERDICT).isNotNull());
      requireValid(path, judged);
      Dataset<Row> given =
          judged
              .withColumn(VerdictTable.WEIGHT, col(VerdictTable.WEIGHT).cast(DataTypes.DoubleType))
              .withColumn(VerdictTable.SOURCE, coalesce(col(VerdictTable.SOURCE), lit("human")))
              .select(VerdictFile.COLUMNS.stream().map(c -> col(c)).toArray(Column[]::new))
              .dropDuplicates(new String[] {Samples.SAMPLE_ID})
              .persist(StorageLevel.MEMORY_AND_DISK());
      try {
        long added = VerdictTable.append(spark, root, given, Timestamp.from(Instant.now()));
        return new Taken(given.count(), read.count() - judged.count(), added);
      } finally {
        given.unpersist();
      }
    } finally {
      read.unpersist();
    }
  }

  private void requireValid(String path, Dataset<Row> judged) {
    Dataset<Row> known =
        CacheTables.of(root).samples(spark).select(col(Samples.SAMPLE_ID), lit(true).as("known"));
    Dataset<Row> one =
        judged
            .join(known, Quarantine.on(Samples.SAMPLE_ID), "left")
            .withColumn(PROBLEM, problem())
            .where(col(PROBLEM).isNotNull())
            .select(VerdictFile.LINE, PROBLEM);
    Dataset<Row> problems = one.union(contradictions(judged)).orderBy(VerdictFile.LINE, PROBLEM);
    List<Row> some = problems.limit(TOLD + 1).collectAsList();
    if (some.isEmpty()) {
      return;
    }
    String told =
        some.stream()
            .limit(TOLD)
            .map(row -> (row.isNullAt(0) ? "" : "line " + row.get(0) + ": ") + row.getString(1))
            .collect(Collectors.joining("\n  - ", "\n  - ", ""));
    throw new ConfigException(
        "Cannot take the verdicts of %s; nothing was stored:%s%s"
            .formatted(path, told, some.size() > TOLD ? "\n  and more" : ""));
  }

  /** What is wrong with a row by itself; null where nothing is. */
  private static Column problem() {
    Column weight = col(VerdictTable.WEIGHT).cast(DataTypes.DoubleType);
    Column fits = coalesce(weight.between(0, MOST_WEIGHT), lit(false));
    Column verdict = col(VerdictTable.VERDICT);
    return when(
            col(Samples.SAMPLE_ID).isNull(),
            concat(lit("verdict '"), verdict, lit("' names no sample_id")))
        .when(
            col("known").isNull(),
            concat(lit("sample '"), col(Samples.SAMPLE_ID), lit("' is none of the workspace's")))
        .when(
            verdict.isin(Verdict.words().toArray()).equalTo(false),
            concat(lit("verdict '"), verdict, lit("' (must be one of " + Verdict.words() + ")")))
        .when(
            col(VerdictTable.WEIGHT).isNotNull().and(fits.equalTo(false)),
            concat(
                lit("weight '"),
                col(VerdictTable.WEIGHT),
                lit("' (must be a number of 0 to " + (int) MOST_WEIGHT + ")")))
        .when(
            col(VerdictTable.WEIGHT).isNotNull().and(verdict.equalTo(Verdict.SKIP.word())),
            concat(
                lit("weight '"),
                col(VerdictTable.WEIGHT),
                lit("' beside verdict 'skip', which changes none")))
        .when(
            col(VerdictTable.SOURCE)
                .isNotNull()
                .and(col(VerdictTable.SOURCE).isin(SOURCES.toArray()).equalTo(false)),
            concat(
                lit("source '"),
                col(VerdictTable.SOURCE),
                lit("' (must be one of " + SOURCES + ")")));
  }

  /** Samples that stand in the file more than once, and not as the same. */
  private static Dataset<Row> contradictions(Dataset<Row> judged) {
    Column said =
        struct(
            VerdictFile.COLUMNS.stream()
                .filter(c -> !c.equals(Samples.SAMPLE_ID))
                .map(c -> col(c))
                .toArray(Column[]::new));
    return judged
        .groupBy(Samples.SAMPLE_ID)
        .agg(
            collect_set(said).as("said"),
            collect_set(VerdictTable.VERDICT).as("words"),
            min(VerdictFile.LINE).as("first"),
            max(VerdictFile.LINE).as(VerdictFile.LINE))
        .where(expr("size(said) > 1"))
        .select(
            col(VerdictFile.LINE),
            concat(
                    lit("sample '"),
                    col(Samples.SAMPLE_ID),
                    lit("' is judged more than once, and differently: "),
                    expr("array_join(array_sort(words), ', ')"),
                    coalesce(concat(lit(" (first in line "), col("first"), lit(")")), lit("")))
                .as(PROBLEM));
  }
}
