package stillhouse.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.posexplode_outer;
import static org.apache.spark.sql.functions.sum;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import stillhouse.metrics.Detection;
import stillhouse.metrics.ImageInstances;
import stillhouse.metrics.InstanceScores;

/**
 * The columns of {@link ImageTable} that hold an image's instances: {@code instances}, those of the
 * truth by class, and {@code detections}, one struct each of those that were predicted. Both are
 * null where instances are not counted: a tile cuts them.
 */
final class InstanceColumns {
  private static final String INSTANCES = "instances";
  private static final String DETECTIONS = "detections";
  private static final StructType DETECTION =
      new StructType()
          .add("class_id", DataTypes.IntegerType, false)
          .add("score", DataTypes.IntegerType, false)
          .add("mask", DataTypes.IntegerType, false)
          .add("boundary", DataTypes.IntegerType, false);

  static final List<StructField> FIELDS =
      List.of(
          DataTypes.createStructField(
              INSTANCES, DataTypes.createArrayType(DataTypes.LongType, false), true),
          DataTypes.createStructField(
              DETECTIONS, DataTypes.createArrayType(DETECTION, false), true));

  private InstanceColumns() {}

  static void put(ImageInstances instances, Object[] values, int at) {
    values[at] = instances.truths().stream().mapToLong(Long::longValue).toArray();
    values[at + 1] =
        instances.detections().stream()
            .map(d -> RowFactory.create(d.classId(), d.score(), d.mask(), d.boundary()))
            .toArray(Row[]::new);
  }

  /**
   * Sums a table on the executors: the driver is told how many detections there are of each kind,
   * by class, score and overlap.
   *
   * @return none where an image's instances are not counted
   */
  static InstanceScores scores(SparkSession spark, String path) {
    Dataset<Row> table = spark.read().parquet(path);
    Dataset<Row> detections =
        table
            .select(explode(col(DETECTIONS)).as("d"))
            .select("d.*")
            .groupBy(DETECTION.fieldNames()[0], "score", "mask", "boundary")
            .agg(count(lit(1)).as("number"));
    Dataset<Row> truths =
        table
            .select(posexplode_outer(col(INSTANCES)).as(new String[] {"class_id", "instances"}))
            .groupBy("class_id")
            .agg(sum("instances").as("number"))
            .select(col("class_id"), lit(-1), lit(0), lit(0), col("number"));
    Map<Detection, Long> kinds = new HashMap<>();
    Map<Integer, Long> ofClass = new TreeMap<>();
    for (Row row : detections.union(truths).collectAsList()) {
      if (row.isNullAt(0)) {
        return InstanceScores.none();
      }
      if (row.getInt(1) < 0) {
        ofClass.put(row.getInt(0), row.getLong(4));
      } else {
        kinds.put(
            new Detection(row.getInt(0), row.getInt(1), row.getInt(2), row.getInt(3)),
            row.getLong(4));
      }
    }
    return new InstanceScores(List.copyOf(ofClass.values()), kinds);
  }
}
