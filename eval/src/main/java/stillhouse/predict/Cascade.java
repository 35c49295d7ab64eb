package stillhouse.predict;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;
import stillhouse.data.ImageSource;
import stillhouse.data.Samples;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.SegmentationCounts;

/**
 * The student answers, and the teacher the images that the student is unsure of. Both are counted
 * once for every image, into a Parquet table beside the student's uncertainties; a curve over
 * thresholds is then sums of that table's integers, exact, made on the executors. The driver is
 * told two sums a threshold.
 *
 * @param classNames foreground classes 1…K
 * @param table a Hadoop path that all executors reach; what was there is replaced
 */
public record Cascade(List<String> classNames, String table) implements Serializable {
  /** The threshold below all uncertainties: the teacher answers everything. */
  public static final double ALL = -1;

  /** The threshold above all uncertainties: the teacher answers nothing. */
  public static final double NONE = 2;

  private static final double QUANTILE_ERROR = 1e-4;
  private static final ArrayType COUNTS = DataTypes.createArrayType(DataTypes.LongType, false);
  static final StructType SCHEMA = schema();

  public Cascade {
    classNames = List.copyOf(classNames);
  }

  private static StructType schema() {
    StructType schema = new StructType().add(Samples.SAMPLE_ID, DataTypes.StringType, false);
    for (String word : Uncertainty.words()) {
      schema = schema.add(word, DataTypes.DoubleType, false);
    }
    return schema
        .add("student", COUNTS, false)
        .add("teacher", COUNTS, false)
        .add("prompts", DataTypes.LongType, false);
  }

  /**
   * Makes the table.
   *
   * @param samples labelled, with sample_id, image_uri, content_sha256, mask, of tiles with tile
   *     and counted, and whatever {@code teacher}'s answers are read from
   */
  public void measure(
      SparkSession spark,
      Dataset<Row> samples,
      SegmenterSource student,
      CascadeTeacher teacher,
      ImageSource images) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Broadcast<SegmenterSource> shared = context.broadcast(student);
    try {
      spark.sparkContext().setJobDescription("cascade: student, teacher and uncertainty");
      Evaluation.framesTogether(context, Evaluation.counted(samples))
          .mapPartitions(
              (MapPartitionsFunction<Row, Row>)
                  rows -> CascadeScorer.of(this, shared.value(), teacher, images, rows),
              Encoders.row(SCHEMA))
          .write()
          .mode(SaveMode.Overwrite)
          .parquet(table);
    } finally {
      spark.sparkContext().setJobDescription(null);
      shared.destroy();
    }
  }

  /**
   * {@link #ALL}, thresholds that leave the teacher about 1 − i / steps of this table's images, i =
   * 0…steps, and {@link #NONE}; ascending and distinct.
   */
  public double[] thresholds(SparkSession spark, Uncertainty by, int steps) {
    double[] shares =
        IntStream.rangeClosed(0, steps).mapToDouble(i -> (double) i / steps).toArray();
    DoubleStream quantiles =
        Arrays.stream(rows(spark).stat().approxQuantile(by.word(), shares, QUANTILE_ERROR));
    return DoubleStream.concat(quantiles, DoubleStream.of(ALL, NONE)).sorted().distinct().toArray();
  }

  /**
   * A point a threshold, in their order.
   *
   * @param thresholds ascending
   * @throws IllegalArgumentException where the table is empty
   */
  public List<CascadePoint> curve(SparkSession spark, Uncertainty by, double... thresholds) {
    Map<Integer, Sides> sums = sums(spark, by, thresholds);
    if (sums.isEmpty()) {
      throw new IllegalArgumentException("Cannot draw a curve: " + table + " has no image");
    }
    long images = sums.values().stream().mapToLong(s -> s.student.images()).sum();
    List<CascadePoint> points = new ArrayList<>();
    for (int t = 0; t < thresholds.length; t++) {
      SegmentationCounts counts = SegmentationCounts.zero(classNames.size());
      long asked = 0;
      long prompts = 0;
      for (Map.Entry<Integer, Sides> e : sums.entrySet()) {
        boolean teacher = e.getKey() > t;
        counts = counts.plus(teacher ? e.getValue().teacher : e.getValue().student);
        asked += teacher ? e.getValue().teacher.images() : 0;
        prompts += teacher ? e.getValue().prompts : 0;
      }
      points.add(new CascadePoint(thresholds[t], images, asked, prompts, counts));
    }
    return points;
  }

  /** By how many thresholds an image's uncertainty is greater than. */
  private Map<Integer, Sides> sums(SparkSession spark, Uncertainty by, double[] thresholds) {
    String column = by.word();
    int classes = classNames.size();
    spark.sparkContext().setJobDescription("cascade: sum the counts between thresholds");
    try {
      return rows(spark)
          .select(column, "student", "teacher", "prompts")
          .javaRDD()
          .mapToPair(row -> new Tuple2<>(below(thresholds, row.getDouble(0)), row))
          .aggregateByKey(Sides.zero(classes), Sides::plus, Sides::plus)
          .collectAsMap();
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  private Dataset<Row> rows(SparkSession spark) {
    return spark.read().schema(SCHEMA).parquet(table);
  }

  /** How many thresholds are less than {@code value}. */
  static int below(double[] thresholds, double value) {
    int at = Arrays.binarySearch(thresholds, value);
    return at < 0 ? -at - 1 : at;
  }

  /** Both answers about the same images, and how many prompts the teacher's took. */
  private record Sides(SegmentationCounts student, SegmentationCounts teacher, long prompts)
      implements Serializable {
    static Sides zero(int classes) {
      return new Sides(SegmentationCounts.zero(classes), SegmentationCounts.zero(classes), 0);
    }

    Sides plus(Row row) {
      int classes = student.classes();
      return new Sides(
          student.plus(counts(classes, row.getList(1))),
          teacher.plus(counts(classes, row.getList(2))),
          prompts + row.getLong(3));
    }

    Sides plus(Sides other) {
      return new Sides(
          student.plus(other.student), teacher.plus(other.teacher), prompts + other.prompts);
    }

    private static ImageCounts counts(int classes, List<Long> flat) {
      return ImageCounts.fromArray(classes, flat.stream().mapToLong(Long::longValue).toArray());
    }
  }
}
