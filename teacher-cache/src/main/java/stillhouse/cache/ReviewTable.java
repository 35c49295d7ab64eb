package stillhouse.cache;

import static org.apache.spark.sql.functions.col;

import java.util.Arrays;
import java.util.UUID;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.Samples;
import stillhouse.data.Tile;

/**
 * The samples on which a student and its teacher disagreed: a row a sample, model and reading,
 * append-only. Looking again at the same model adds nothing.
 */
public final class ReviewTable {
  public static final String KEY = "review_key";
  public static final String RUN = "run";

  private static final ArrayType BY_CLASS = DataTypes.createArrayType(DataTypes.DoubleType);

  /** docs/formats.md says what each column holds. */
  public static final StructType SCHEMA =
      new StructType()
          .add(KEY, DataTypes.StringType)
          .add(RUN, DataTypes.StringType)
          .add("model", DataTypes.StringType)
          .add("epoch", DataTypes.IntegerType)
          .add("step", DataTypes.LongType)
          .add(Samples.SPLIT, DataTypes.StringType)
          .add(Samples.SAMPLE_ID, DataTypes.StringType)
          .add(Samples.GROUP_ID, DataTypes.StringType)
          .add(Samples.IMAGE_URI, DataTypes.StringType)
          .add(Samples.TILE, Tile.TYPE)
          .add(Samples.CONTENT_SHA256, DataTypes.StringType)
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
          .add("threshold", DataTypes.DoubleType)
          .add("picture", DataTypes.StringType)
          .add(Samples.AT, DataTypes.TimestampType);

  private ReviewTable() {}

  /** Where it lies in a workspace. */
  public static String path(String root) {
    return root + "/tables/review";
  }

  /**
   * Adds the rows whose keys the table lacks, in one commit.
   *
   * @param rows of {@link #SCHEMA}, with distinct keys, cheap to compute twice
   * @return how many were added
   */
  public static long append(SparkSession spark, String root, Dataset<Row> rows) {
    return append(spark, path(root), SCHEMA, rows, RUN, KEY);
  }

  static long append(
      SparkSession spark,
      String path,
      StructType schema,
      Dataset<Row> rows,
      String range,
      String key) {
    AppendOnce.create(spark, path, schema);
    if (rows.isEmpty()) {
      return 0;
    }
    Column[] columns =
        Arrays.stream(schema.fields())
            .map(field -> col(field.name()).cast(field.dataType()))
            .toArray(Column[]::new);
    String app = "stillhouse-" + range + "-" + UUID.randomUUID();
    return new AppendOnce(spark, path, app, range, key).append(rows.select(columns));
  }
}
