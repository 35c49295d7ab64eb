package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import stillhouse.data.View;
import stillhouse.structure.StructureTensor;

/**
 * What the three tables hold of the samples, by view, from one query over their keys. Where nothing
 * is missing this is all that a refresh has to know.
 *
 * @param features units: contents, each in a view
 * @param answers units: contents with their questions; none of a teacher that answers nothing
 * @param structure units: contents
 */
record Ledger(Map<View, Rows> views, Units features, Units answers, Units structure) {
  private static final String[] CONTENT = {CacheTables.VIEW, CacheTables.FEATURE_KEY};
  static final String[] QUESTION = {
    CacheTables.VIEW, CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT
  };
  private static final String ROWS = "of_samples";
  private static final String ENCODED = "encoded";
  private static final String ANSWERED = "answered";
  private static final String MEASURED = "measured";
  private static final String WHOLE = "whole";

  Ledger {
    Map<View, Rows> copy = new EnumMap<>(View.class);
    copy.putAll(views);
    views = Collections.unmodifiableMap(copy);
  }

  /**
   * Samples in one view.
   *
   * @param whole those that have features, structure and answers
   */
  record Rows(long all, long whole) {}

  boolean isWhole() {
    return features.missing() + answers.missing() + structure.missing() == 0;
  }

  /** Of one table. */
  record Units(long known, long missing) {
    CacheReport.Pass reused() {
      return new CacheReport.Pass(0, known);
    }
  }

  /**
   * @param samples keyed
   */
  static Ledger of(SparkSession spark, CacheTables tables, CacheKeys keys, Dataset<Row> samples) {
    Dataset<Row> contents =
        questions(spark, tables, keys, samples)
            .groupBy(columns(CONTENT))
            .agg(
                sum(ROWS).as(ROWS),
                sum(col(ROWS).multiply(whole(keys))).as(WHOLE),
                count(lit(1)).as("questions"),
                count(ANSWERED).as(ANSWERED),
                max(ENCODED).as(ENCODED),
                max(MEASURED).as(MEASURED));
    List<Row> views =
        contents
            .groupBy(CacheTables.VIEW)
            .agg(
                sum(ROWS),
                sum(WHOLE),
                count(lit(1)),
                count(ENCODED),
                count(MEASURED),
                sum("questions"),
                sum(ANSWERED))
            .collectAsList(); // one row a view
    Map<View, Rows> byView = new EnumMap<>(View.class);
    views.forEach(row -> byView.put(view(row), new Rows(row.getLong(1), row.getLong(2))));
    Units answers = keys.answers() ? units(views, 7, 6) : new Units(0, 0);
    return new Ledger(byView, units(views, 4, 3), answers, units(views, 5, 3));
  }

  private static View view(Row row) {
    return View.of(row.getString(0));
  }

  private static Units units(List<Row> views, int known, int all) {
    long there = views.stream().mapToLong(row -> row.getLong(known)).sum();
    return new Units(there, views.stream().mapToLong(row -> row.getLong(all)).sum() - there);
  }

  /** Which questions of samples are open somewhere: view, feature key and prompt fingerprint. */
  static Dataset<Row> open(
      SparkSession spark, CacheTables tables, CacheKeys keys, Dataset<Row> samples) {
    return questions(spark, tables, keys, samples)
        .where(whole(keys).equalTo(0))
        .select(columns(QUESTION));
  }

  private static Column whole(CacheKeys keys) {
    Column whole = there(ENCODED).multiply(there(MEASURED));
    return keys.answers() ? whole.multiply(there(ANSWERED)) : whole;
  }

  private static Column there(String flag) {
    return coalesce(col(flag), lit(0));
  }

  /** One row a question, with flags, null where a table lacks it. Keys meet keys, each once. */
  private static Dataset<Row> questions(
      SparkSession spark, CacheTables tables, CacheKeys keys, Dataset<Row> samples) {
    String[] key = {CacheTables.FEATURE_KEY};
    String[] asked = {CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT};
    Dataset<Row> units =
        samples
            .groupBy(columns(QUESTION))
            .agg(count(lit(1)).as(ROWS))
            .join(flagged(tables.features(spark), ENCODED, key), key, "left_outer")
            .join(
                flagged(measured(tables.structure(spark), keys), MEASURED, key), key, "left_outer");
    if (!keys.answers()) {
      return units.withColumn(ANSWERED, lit(null).cast(DataTypes.IntegerType));
    }
    Dataset<Row> answered = Questions.answered(tables.answers(spark), keys);
    return units.join(flagged(answered, ANSWERED, asked), asked, "left_outer");
  }

  /** The rows that the keys' structure keys name. */
  private static Dataset<Row> measured(Dataset<Row> structure, CacheKeys keys) {
    return structure
        .where(col("layer").equalTo(keys.spec().embedding()))
        .where(col("radius").equalTo(keys.radius()))
        .where(col("operator_version").equalTo(StructureTensor.OPERATOR_VERSION));
  }

  private static Dataset<Row> flagged(Dataset<Row> rows, String flag, String... unit) {
    return rows.select(columns(unit)).distinct().withColumn(flag, lit(1));
  }

  private static Column[] columns(String... names) {
    return List.of(names).stream().map(functions::col).toArray(Column[]::new);
  }
}
