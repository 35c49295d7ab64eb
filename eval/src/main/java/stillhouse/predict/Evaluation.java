package stillhouse.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.when;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.ImageSource;
import stillhouse.data.Samples;
import stillhouse.metrics.InstanceScores;
import stillhouse.metrics.SegmentationCounts;

/**
 * Scores a segmenter, or logits that are already there, against the masks of samples. Every image's
 * counts go to a Parquet table; what is reported is the sum of that table, merged on the executors.
 * Samples without a mask are left out, and so are crops, whose pixels are counted elsewhere. A tile
 * counts the pixels that are its own, so a frame's counts are the sum over its tiles, each pixel
 * once, as its own tile has it; d of boundary IoU is of the tile.
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
   * @param samples with sample_id, group_id, image_uri, content_sha256 and mask, and of tiles with
   *     tile and counted
   */
  public EvaluationResult run(
      SparkSession spark, Dataset<Row> samples, SegmenterSource source, ImageSource images) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Dataset<Row> labelled =
        framesTogether(
            context,
            counted(samples)
                .select(
                    "sample_id",
                    "group_id",
                    "image_uri",
                    "content_sha256",
                    "mask",
                    "tile",
                    "counted"));
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
   * @param rows with sample_id, group_id and mask, of tiles with tile and counted, and whatever
   *     {@code logits} reads
   */
  public EvaluationResult runLogits(SparkSession spark, Dataset<Row> rows, RowLogits logits) {
    return score(spark, counted(rows), each -> Scorer.byLogits(logits, this, each));
  }

  /**
   * Scores masks that another tool made.
   *
   * @param rows with sample_id, group_id, content_sha256 and mask, of tiles with tile and counted,
   *     and whatever {@code masks} reads
   */
  public EvaluationResult runMasks(SparkSession spark, Dataset<Row> rows, RowMasks masks) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    return score(
        spark, framesTogether(context, counted(rows)), each -> Scorer.byMask(masks, this, each));
  }

  /** Short tasks, each frame's tiles in one of them and one after the other. */
  static Dataset<Row> framesTogether(JavaSparkContext context, Dataset<Row> rows) {
    return rows.repartition(context.defaultParallelism() * TASKS_A_CORE, frame())
        .sortWithinPartitions("content_sha256");
  }

  /** Labelled, and of tiles those whose pixels are not counted elsewhere. */
  static Dataset<Row> counted(Dataset<Row> samples) {
    return Samples.counted(Samples.withTiles(samples)).where(col("mask").isNotNull());
  }

  /** A frame's tiles come together, one after the other: it is decoded once. */
  private static Column frame() {
    return when(col("tile").isNull(), col("sample_id")).otherwise(col("content_sha256"));
  }

  private EvaluationResult score(
      SparkSession spark, Dataset<Row> labelled, MapPartitionsFunction<Row, Row> scorer) {
    SegmentationCounts counts;
    InstanceScores instances;
    try {
      spark.sparkContext().setJobDescription("evaluate: predict and count, an image a row");
      labelled
          .mapPartitions(scorer, Encoders.row(ImageTable.SCHEMA))
          .write()
          .mode(SaveMode.Overwrite)
          .parquet(imageTable);
      spark.sparkContext().setJobDescription("evaluate: sum the counts");
      counts = ImageTable.sum(spark, imageTable, classNames.size());
      spark.sparkContext().setJobDescription("evaluate: sum the instances");
      instances = InstanceColumns.scores(spark, imageTable);
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
    if (counts.images() == 0) {
      throw new IllegalArgumentException(
          "Cannot evaluate: none of the samples has a mask. Evaluate a split that is labelled");
    }
    return new EvaluationResult(classNames, counts, instances);
  }
}
