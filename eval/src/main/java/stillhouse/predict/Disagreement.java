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
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.ImageSource;
import stillhouse.data.Samples;
import stillhouse.data.Tile;

/**
 * Holds a student's masks against a teacher's cached answers, sample by sample, and both against
 * the label where there is one. All masks are made as an evaluation makes them ({@link Masks}), at
 * the image's own size; pixels that the label ignores count in none of the three. A tile or crop
 * counts with all its pixels.
 *
 * <p>A sample's IoU is the mean over the classes that one of the two masks shows; two empty masks
 * have IoU 1.
 *
 * @param classNames foreground classes 1…K
 * @param threshold of the reading, 0…1
 */
public record Disagreement(List<String> classNames, Reading reading, double threshold)
    implements Serializable {
  private static final int TASKS_A_CORE = 3; // images differ in cost; short tasks even that out
  private static final ArrayType BY_CLASS = DataTypes.createArrayType(DataTypes.DoubleType);

  /** Of {@link #compare}'s rows. */
  public static final StructType SCHEMA =
      new StructType()
          .add(Samples.SAMPLE_ID, DataTypes.StringType)
          .add(Samples.GROUP_ID, DataTypes.StringType)
          .add(Samples.IMAGE_URI, DataTypes.StringType)
          .add(Samples.TILE, Tile.TYPE)
          .add(Samples.CONTENT_SHA256, DataTypes.StringType)
          .add(Samples.MASK_SHA256, DataTypes.StringType)
          .add("classes_shown", DataTypes.createArrayType(DataTypes.IntegerType))
          .add("iou_student_teacher", DataTypes.DoubleType)
          .add("iou_student_label", DataTypes.DoubleType)
          .add("iou_teacher_label", DataTypes.DoubleType)
          .add("class_iou_student_teacher", BY_CLASS)
          .add("class_iou_student_label", BY_CLASS)
          .add("class_iou_teacher_label", BY_CLASS)
          .add("entropy_student", DataTypes.DoubleType)
          .add("disagreement", DataTypes.DoubleType)
          .add("reading", DataTypes.StringType)
          .add("flagged", DataTypes.BooleanType);

  public Disagreement {
    classNames = List.copyOf(classNames);
    if (!(threshold > 0 && threshold < 1)) {
      throw new IllegalArgumentException(
          "Invalid threshold: " + threshold + " (must be > 0 and < 1)");
    }
  }

  /**
   * Lazily, a row of {@link #SCHEMA} a sample; one loaded network a JVM.
   *
   * @param samples with sample_id, group_id, image_uri, content_sha256, mask and mask_sha256 (may
   *     be null), tile, and whatever {@code teacher} reads
   * @param student broadcast by the caller, who knows when the rows have been read
   */
  public Dataset<Row> compare(
      SparkSession spark,
      Dataset<Row> samples,
      Broadcast<SegmenterSource> student,
      RowLogits teacher,
      ImageSource images) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    return samples
        .repartition(
            context.defaultParallelism() * TASKS_A_CORE,
            col(Samples.CONTENT_SHA256)) // a frame's tiles come together: it is decoded once
        .sortWithinPartitions(Samples.CONTENT_SHA256)
        .mapPartitions(
            (MapPartitionsFunction<Row, Row>)
                rows -> Comparer.of(this, student.value(), teacher, images, rows),
            Encoders.row(SCHEMA));
  }
}
