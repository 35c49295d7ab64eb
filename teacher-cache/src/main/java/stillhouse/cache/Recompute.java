package stillhouse.cache;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import stillhouse.data.Samples;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSource;

/**
 * Asks the teacher again about a few cached images, in an empty workspace of their own, and holds
 * what it says against the cache, byte for byte: features, answers and structure.
 */
final class Recompute {
  private static final String STORED = "stored";
  private static final String AGAIN = "again";
  private static final String DIFFERENCE = "difference";

  private final SparkSession spark;
  private final CacheTables cache;
  private final CacheKeys keys;
  private final Staging staging;

  Recompute(SparkSession spark, CacheTables cache, CacheKeys keys, Staging staging) {
    this.spark = spark;
    this.cache = cache;
    this.keys = keys;
    this.staging = staging;
  }

  /**
   * @param images how many: images or tiles of different content
   * @param seed which: the same ones each time that the cache holds the same
   */
  record Choice(int images, String seed) {}

  /**
   * @param chosen of the cached images
   * @param most examples to tell
   */
  VerifyReport.Recomputed run(
      CacheRefresh refresh,
      TeacherSource teacher,
      PromptPlan plan,
      CacheOptions options,
      Choice chosen,
      int most) {
    String root = staging.folder("recompute");
    spark.sparkContext().setJobDescription("verify: choose images to ask about again");
    samples(chosen).write().format("delta").save(Samples.table(root));
    CacheTables again = CacheTables.of(root);
    Projections.of(cache, spark).copy(keys.encoding(), Projections.of(again, spark));
    refresh.run(spark, root, teacher, plan, options);
    Dataset<Row> samples = CacheTables.keyed(again.samples(spark), keys, options.views());
    long images =
        CacheTables.keyed(again.samples(spark), keys)
            .select(CacheTables.FEATURE_KEY)
            .distinct()
            .count();
    List<Compared> tables = new ArrayList<>();
    for (CacheTable table : CacheTable.values()) {
      spark.sparkContext().setJobDescription("verify: compare " + table.label());
      tables.add(compared(table, again, wanted(table, samples), most));
    }
    return sum(chosen.seed(), images, tables, most);
  }

  private static VerifyReport.Recomputed sum(
      String seed, long images, List<Compared> tables, int most) {
    return new VerifyReport.Recomputed(
        seed,
        images,
        tables.stream().mapToLong(Compared::rows).sum(),
        tables.stream().mapToLong(Compared::different).sum(),
        tables.stream().mapToDouble(Compared::largest).max().orElse(0),
        tables.stream().flatMap(t -> t.examples().stream()).limit(most).toList());
  }

  /** The samples of some cached images, without the columns of keys. */
  Dataset<Row> samples(Choice chosen) {
    Dataset<Row> samples = cache.samples(spark);
    Dataset<Row> keyed = CacheTables.keyed(samples, keys);
    String[] key = {CacheTables.FEATURE_KEY};
    Dataset<Row> few =
        keyed
            .select(CacheTables.FEATURE_KEY)
            .distinct()
            .join(cache.features(spark).select(CacheTables.FEATURE_KEY), key, "left_semi")
            .orderBy(xxhash64(lit(chosen.seed()), col(CacheTables.FEATURE_KEY)))
            .limit(chosen.images());
    Column[] columns = List.of(samples.columns()).stream().map(c -> col(c)).toArray(Column[]::new);
    return keyed.join(broadcast(few), key, "left_semi").select(columns);
  }

  /** What of a table is these samples' own: its columns that say so, one row a unit. */
  private Dataset<Row> wanted(CacheTable table, Dataset<Row> samples) {
    return switch (table) {
      case FEATURES -> samples.select(CacheTables.FEATURE_KEY).distinct();
      case ANSWERS ->
          samples
              .select(CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT)
              .distinct()
              .withColumn(CacheTables.DECODER_DIGEST, lit(keys.spec().decoderDigest().hex()));
      case STRUCTURE -> samples.select(CacheTables.STRUCTURE_KEY).distinct();
    };
  }

  private Compared compared(CacheTable table, CacheTables again, Dataset<Row> wanted, int most) {
    Dataset<Row> stored =
        CacheTables.delta(spark, table.path(cache))
            .join(broadcast(wanted), wanted.columns(), "left_semi");
    Dataset<Row> given = CacheTables.delta(spark, table.path(again));
    List<String> tensors = TensorDifference.common(stored.schema(), given.schema());
    Dataset<Row> pairs =
        side(stored, table, tensors, STORED)
            .join(side(given, table, tensors, AGAIN), new String[] {table.key()}, "full_outer");
    var difference =
        udf(
            (UDF2<Row, Row, Row>)
                (a, b) -> TensorDifference.of(a, b).map(TensorDifference::row).orElse(null),
            TensorDifference.TYPE);
    Dataset<Row> held =
        staging.put(
            "verify-" + table.label() + "-again",
            pairs.select(
                col(table.key()).as("key"),
                difference.apply(col(STORED), col(AGAIN)).as(DIFFERENCE)));
    return report(table, held, most);
  }

  /** As {@link VerifyReport.Recomputed}, of one table. */
  private record Compared(long rows, long different, double largest, List<String> examples) {}

  private static Compared report(CacheTable table, Dataset<Row> held, int most) {
    Column what = col(DIFFERENCE + ".what");
    Row sums =
        held.agg(
                count(lit(1)),
                count(when(what.isNotNull(), lit(1))),
                max(col(DIFFERENCE + ".largest")))
            .first();
    List<String> examples =
        held
            .where(what.isNotNull())
            .select(col("key"), what)
            .orderBy("key")
            .limit(most)
            .collectAsList()
            .stream()
            .map(row -> table.label() + ": row " + row.getString(0) + " " + row.getString(1))
            .toList();
    return new Compared(
        sums.getLong(0), sums.getLong(1), sums.isNullAt(2) ? 0 : sums.getDouble(2), examples);
  }

  private static Dataset<Row> side(
      Dataset<Row> rows, CacheTable table, List<String> tensors, String name) {
    Column[] columns = tensors.stream().map(t -> col(t)).toArray(Column[]::new);
    return rows.select(col(table.key()), struct(columns).as(name));
  }
}
