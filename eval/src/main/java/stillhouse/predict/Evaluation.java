package stillhouse.predict;

import static org.apache.spark.sql.functions.col;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.ImageSource;
import stillhouse.metrics.SegmentationCounts;

/**
 * Scores a segmenter, or logits that are already there, against the masks of samples. Every image's
 * counts go to a Parquet table; what is reported is the sum of that table, merged on the executors.
 * Samples without a mask are left out.
 *
 * @param classNames foreground classes 1…K
 * @param imageTable where executors write the per-image table, a Hadoop path that all of them
 *     reach; what was there is replaced
 */
public record Evaluation(List<String> classNames, String imageTable) implements Serializable {
  private static final int TASKS_A_CORE = 3; // images differ in cost; short tasks even that out

  public Evaluation {
    classNames = List.copyOf(classNames);
  }

  /**
   * Runs the segmenter over the samples, one loaded network a JVM.
   *
   * @param samples with sample_id, group_id, image_uri, content_sha256 and mask
   */
  public EvaluationResult run(
      SparkSession spark, Dataset<Row> samples, SegmenterSource source, ImageSource images) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Dataset<Row> labelled =
        samples
            .select("sample_id", "group_id", "image_uri", "content_sha256", "mask")
            .where(col("mask").isNotNull())
            .repartition(context.defaultParallelism() * TASKS_A_CORE);
    Broadcast<SegmenterSource> shared = context.broadcast(source);
    try {
      return score(spark, labelled, rows -> Scorer.bySegmenter(shared.value(), images, this, rows));
    } finally {
      shared.destroy();
    }
  }

  /**
   * Scores logits that the rows carry, such as a teacher's cached answers.
   *
   * @param rows with sample_id, group_id and mask, and whatever {@code logits} reads
   */
  public EvaluationResult runLogits(SparkSession spark, Dataset<Row> rows, RowLogits logits) {
    Dataset<Row> labelled = rows.where(col("mask").isNotNull());
    return score(spark, labelled, each -> Scorer.byRow(logits, this, each));
  }

  private EvaluationResult score(
      SparkSession spark, Dataset<Row> labelled, MapPartitionsFunction<Row, Row> scorer) {
    SegmentationCounts counts;
    try {
      spark.sparkContext().setJobDescription("evaluate: predict and count, an image a row");
      labelled
          .mapPartitions(scorer, Encoders.row(ImageTable.SCHEMA))
          .write()
          .mode(SaveMode.Overwrite)
          .parquet(imageTable);
      spark.sparkContext().setJobDescription("evaluate: sum the counts");
      counts = ImageTable.sum(spark, imageTable, classNames.size());
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
    if (counts.images() == 0) {
      throw new IllegalArgumentException(
          "Cannot evaluate: none of the samples has a mask. Evaluate a split that is labelled");
    }
    return new EvaluationResult(classNames, counts);
  }
}
