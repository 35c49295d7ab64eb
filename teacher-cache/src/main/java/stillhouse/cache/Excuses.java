package stillhouse.cache;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.udf;

import java.util.Collection;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import stillhouse.data.Ingest;
import stillhouse.data.Samples;
import stillhouse.data.View;

/**
 * Why a sample is not cached: what quarantine says of <em>its keys</em>. That its image failed for
 * another teacher, with another label or years ago under other settings excuses nothing.
 */
public final class Excuses {
  private static final String KEY = Samples.CACHE_KEY;
  private static final String PART = "part";

  private Excuses() {}

  /**
   * One row a sample for which quarantine has a reason, in any of the views: {@code sample_id},
   * {@code reason}. Rows of before keys were kept there count by their image.
   */
  public static Dataset<Row> of(
      SparkSession spark, String root, CacheKeys keys, Collection<View> views) {
    CacheTables tables = CacheTables.of(root);
    Dataset<Row> samples = CacheTables.keyed(tables.samples(spark), keys, views);
    Dataset<Row> reasons =
        Samples.withCacheKey(CacheTables.delta(spark, Samples.quarantineTable(root)))
            .where(col(Samples.STAGE).notEqual(Ingest.STAGE))
            .select(col(KEY), col(Samples.IMAGE_URI).as(PART), col(Samples.REASON));
    String[] said = {Samples.SAMPLE_ID, Samples.REASON};
    Dataset<Row> byKey =
        named(samples, keys).join(reasons.drop(PART), KEY).select(said[0], said[1]);
    Dataset<Row> byImage =
        samples
            .select(col(Samples.SAMPLE_ID), Samples.part().as(PART))
            .join(reasons.where(col(KEY).isNull()).drop(KEY), PART)
            .select(said[0], said[1]);
    return byKey
        .union(byImage)
        .groupBy(Samples.SAMPLE_ID)
        .agg(min(Samples.REASON).as(Samples.REASON));
  }

  /** Each sample once for every key that it may be in quarantine under. */
  static Dataset<Row> named(Dataset<Row> samples, CacheKeys keys) {
    Column feature = col(CacheTables.FEATURE_KEY);
    Column structure = col(CacheTables.STRUCTURE_KEY);
    if (!keys.answers()) {
      return samples.withColumn(KEY, explode(array(feature, structure)));
    }
    var question = udf((UDF2<String, String, String>) keys::questionKey, DataTypes.StringType);
    Column asked = question.apply(feature, col(CacheTables.PROMPT_FINGERPRINT));
    return samples.withColumn(KEY, explode(array(feature, structure, asked)));
  }

  /** The keys in quarantine, each once. */
  static Dataset<Row> keys(SparkSession spark, CacheTables tables) {
    return Samples.withCacheKey(CacheTables.delta(spark, tables.quarantinePath()))
        .select(KEY)
        .where(col(KEY).isNotNull())
        .distinct();
  }
}
