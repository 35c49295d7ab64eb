package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.tensor.TensorColumn;

/** Samples joined to what a teacher said of them: what a training view is made of. */
public final class ViewRows {
  /** An element of {@code answers}. */
  static final StructType ANSWER =
      new StructType().add("class_id", DataTypes.IntegerType).add("logits", TensorColumn.TYPE);

  /** The columns that {@link TrainingView#materialise} reads; {@link #cached} has more. */
  public static final StructType TYPE =
      new StructType()
          .add("sample_id", DataTypes.StringType)
          .add("image_uri", DataTypes.StringType)
          .add("content_sha256", DataTypes.StringType)
          .add("split", DataTypes.StringType)
          .add(CacheTables.FEATURE_KEY, DataTypes.StringType)
          .add("weight", DataTypes.DoubleType)
          .add("mask", DataTypes.BinaryType)
          .add("embedding", TensorColumn.TYPE)
          .add("e", TensorColumn.TYPE)
          .add("c", TensorColumn.TYPE)
          .add("d", TensorColumn.TYPE)
          .add("answers", DataTypes.createArrayType(ANSWER));

  private ViewRows() {}

  /**
   * Every sample that is cached whole under {@code keys}: its columns, {@code embedding}, {@code
   * e}, {@code c}, {@code d} and {@code answers}.
   */
  public static Dataset<Row> cached(SparkSession spark, String root, CacheKeys keys) {
    CacheTables tables = CacheTables.of(root);
    Dataset<Row> embeddings =
        tables
            .features(spark)
            .select(
                col(CacheTables.FEATURE_KEY),
                col(CacheTables.layerColumn(keys.spec().embedding())).alias("embedding"));
    Dataset<Row> structure =
        tables.structure(spark).select(CacheTables.STRUCTURE_KEY, "e", "c", "d");
    return answered(spark, root, keys)
        .join(embeddings, CacheTables.FEATURE_KEY)
        .join(structure, CacheTables.STRUCTURE_KEY);
  }

  /**
   * Every sample whose questions are answered, with its {@code answers}: an array of {@code
   * (class_id, logits)}, empty where there was nothing to ask. {@link CachedAnswers} reads it.
   */
  public static Dataset<Row> answered(SparkSession spark, String root, CacheKeys keys) {
    CacheTables tables = CacheTables.of(root);
    Dataset<Row> answers =
        CacheTables.answersOf(tables.answers(spark), keys)
            .groupBy(CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT)
            .agg(collect_list(struct("class_id", CacheTables.LOGITS)).alias("asked"))
            // A row without logits says that there was nothing to ask.
            .selectExpr(
                CacheTables.FEATURE_KEY,
                CacheTables.PROMPT_FINGERPRINT,
                "filter(asked, a -> a.logits is not null) as answers");
    return CacheTables.keyed(tables.samples(spark), keys)
        .join(answers, new String[] {CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT});
  }

  /** The labelled samples, without a teacher's columns. */
  public static Dataset<Row> labelled(SparkSession spark, String root) {
    return CacheTables.of(root)
        .samples(spark)
        .where(col("mask").isNotNull())
        .withColumn(CacheTables.FEATURE_KEY, lit(""));
  }
}
