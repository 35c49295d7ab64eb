package stillhouse.predict;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;
import stillhouse.metrics.Confusion;
import stillhouse.metrics.ConfusionCounter;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.ImageInstances;
import stillhouse.metrics.Metric;
import stillhouse.metrics.OverlapCounts;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedCounts;
import stillhouse.metrics.PairedDraws;
import stillhouse.metrics.PoissonDraws;
import stillhouse.metrics.SegmentationCounts;

/**
 * The per-image table of an evaluation, as Parquet: one row an image, its counts as arrays over
 * class 0…K, class 0 being the foreground as a whole, which classes its pixels are taken for
 * ({@link ConfusionColumn}), and its instances ({@link InstanceColumns}).
 */
public final class ImageTable {
  static final String SAMPLE_ID = "sample_id";
  static final String GROUP_ID = "group_id";
  private static final List<String> COUNTS =
      List.of(
          "intersection",
          "predicted",
          "actual",
          "boundary_intersection",
          "boundary_predicted",
          "boundary_actual");

  static final StructType SCHEMA = schema();

  // 13 MB of counts for six classes, and some seconds of drawing; a million groups would be 700 MB.
  public static final int MOST_COLLECTED = 20_000;

  private ImageTable() {}

  private static StructType schema() {
    StructType schema = counted().add(ConfusionColumn.FIELD);
    for (StructField field : InstanceColumns.FIELDS) {
      schema = schema.add(field);
    }
    return schema;
  }

  /** The columns that every table of counts an image begins with: what draws are made of. */
  public static StructType counted() {
    StructType schema =
        new StructType()
            .add(SAMPLE_ID, DataTypes.StringType, false)
            .add(GROUP_ID, DataTypes.StringType, true);
    for (String count : COUNTS) {
      schema = schema.add(count, DataTypes.createArrayType(DataTypes.LongType, false), false);
    }
    return schema;
  }

  /** The values of {@link #counted}. */
  public static List<Object> countedValues(String sampleId, String groupId, ImageCounts counts) {
    List<Object> values = new ArrayList<>();
    values.add(sampleId);
    values.add(groupId);
    for (int k = 0; k < COUNTS.size(); k++) {
      long[] column = new long[counts.classes() + 1];
      for (int c = 0; c < column.length; c++) {
        column[c] = field(k < 3 ? counts.area(c) : counts.boundary(c), k % 3);
      }
      values.add(column);
    }
    return values;
  }

  /** Of an image whose instances are not counted. */
  static Row row(
      String sampleId, String groupId, ImageCounts counts, List<ConfusionCounter.Cell> confusion) {
    return RowFactory.create(values(sampleId, groupId, counts, confusion));
  }

  static Row row(
      String sampleId,
      String groupId,
      ImageCounts counts,
      List<ConfusionCounter.Cell> confusion,
      ImageInstances instances) {
    Object[] values = values(sampleId, groupId, counts, confusion);
    InstanceColumns.put(instances, values, 3 + COUNTS.size());
    return RowFactory.create(values);
  }

  private static Object[] values(
      String sampleId, String groupId, ImageCounts counts, List<ConfusionCounter.Cell> confusion) {
    Object[] values =
        Arrays.copyOf(countedValues(sampleId, groupId, counts).toArray(), SCHEMA.length());
    values[2 + COUNTS.size()] = ConfusionColumn.of(confusion);
    return values;
  }

  private static long field(OverlapCounts counts, int field) {
    return field == 0 ? counts.intersection() : field == 1 ? counts.predicted() : counts.actual();
  }

  /** The counts of a row of the table. */
  public static ImageCounts counts(Row row) {
    List<List<Long>> columns = new ArrayList<>(COUNTS.size());
    for (String name : COUNTS) {
      columns.add(row.getList(row.fieldIndex(name)));
    }
    int slots = columns.get(0).size();
    long[] flat = new long[slots * COUNTS.size()];
    for (int k = 0; k < COUNTS.size(); k++) {
      for (int c = 0; c < slots; c++) {
        flat[(k / 3) * slots * 3 + c * 3 + k % 3] = columns.get(k).get(c);
      }
    }
    return ImageCounts.fromArray(slots - 1, flat);
  }

  /** The sum over all rows of the table at {@code path}, merged on the executors. */
  public static SegmentationCounts sum(SparkSession spark, String path, int classes) {
    return spark
        .read()
        .parquet(path)
        .javaRDD()
        .map(ImageTable::counts)
        .treeAggregate(
            SegmentationCounts.zero(classes), SegmentationCounts::plus, SegmentationCounts::plus);
  }

  /**
   * What pixels of each class are taken for.
   *
   * @return empty of a table from before it was counted
   */
  public static Optional<Confusion> confusion(SparkSession spark, String path, int classes) {
    return ConfusionColumn.sumOf(spark, path, classes);
  }

  /**
   * The images that score best and worst by a metric's mean over the classes that they have. Each
   * task keeps so many, and so does the driver.
   *
   * @param count how many of either at most
   */
  public static Extremes extremes(SparkSession spark, String path, Metric metric, int count) {
    return spark
        .read()
        .parquet(path)
        .javaRDD()
        .map(row -> new Extremes.Image(row.getAs(SAMPLE_ID), score(row, metric)))
        .filter(image -> !Double.isNaN(image.score()))
        .treeAggregate(new Extremes(count), Extremes::add, Extremes::merge);
  }

  private static double score(Row row, Metric metric) {
    return counts(row).mean(metric).orElse(Double.NaN);
  }

  /**
   * Two evaluations of the same samples, paired by group and drawn from for a comparison. A sample
   * without a group is a group of its own. Up to {@value #MOST_COLLECTED} groups the driver gathers
   * their sums and draws exactly as many as there are; of more it is told the sums of each draw
   * only, made on the executors with Poisson weights ({@link PoissonDraws}).
   *
   * @throws IllegalArgumentException where one table has a sample that the other lacks
   */
  public static PairedDraws draws(
      SparkSession spark, String pathA, String pathB, PairedBootstrap bootstrap) {
    return draws(spark, pathA, pathB, bootstrap, MOST_COLLECTED);
  }

  static PairedDraws draws(
      SparkSession spark, String pathA, String pathB, PairedBootstrap bootstrap, int collected) {
    return draws(spark, groups(spark, pathA, pathB), bootstrap, collected);
  }

  /**
   * One evaluation's groups, drawn as {@link #draws(SparkSession, String, String, PairedBootstrap)}
   * draws pairs of them: A and B are the same.
   */
  public static PairedDraws draws(SparkSession spark, String path, PairedBootstrap bootstrap) {
    return draws(spark, spark.read().parquet(path), bootstrap);
  }

  /**
   * The same of rows of such a table, or of another one with {@link #counted}: whatever their
   * counts are of.
   */
  public static PairedDraws draws(
      SparkSession spark, Dataset<Row> rows, PairedBootstrap bootstrap) {
    return draws(spark, groups(rows), bootstrap, MOST_COLLECTED);
  }

  private static PairedDraws draws(
      SparkSession spark,
      JavaPairRDD<String, long[][]> ofGroups,
      PairedBootstrap bootstrap,
      int collected) {
    spark.sparkContext().setJobDescription("compare: sum the counts of each group");
    JavaPairRDD<String, long[][]> groups = ofGroups.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      if (groups.count() <= collected) {
        return bootstrap.draws(collect(groups));
      }
      spark.sparkContext().setJobDescription("compare: draw groups with Poisson weights");
      return groups
          .treeAggregate(
              new PoissonDraws(bootstrap),
              (sums, g) -> sums.add(g._1(), counts(g._2()[0]), counts(g._2()[1])),
              PoissonDraws::merge)
          .draws();
    } finally {
      groups.unpersist();
      spark.sparkContext().setJobDescription(null);
    }
  }

  /** The groups' sums on the driver, in the order of their names. */
  static PairedCounts pair(SparkSession spark, String pathA, String pathB) {
    return collect(groups(spark, pathA, pathB));
  }

  private static PairedCounts collect(JavaPairRDD<String, long[][]> groups) {
    return PairedCounts.of(
        groups.sortByKey().collect().stream().map(g -> pairOf(g._1(), g._2())).toList());
  }

  private static JavaPairRDD<String, long[][]> groups(
      SparkSession spark, String pathA, String pathB) {
    var joined = bySample(spark, pathA).fullOuterJoin(bySample(spark, pathB));
    var alone = joined.filter(s -> !s._2()._1().isPresent() || !s._2()._2().isPresent()).take(1);
    if (!alone.isEmpty()) {
      boolean inA = alone.get(0)._2()._1().isPresent();
      throw new IllegalArgumentException(
          "Cannot pair %s with %s: sample %s is in %s only. Evaluate both on the same samples"
              .formatted(pathA, pathB, alone.get(0)._1(), inA ? pathA : pathB));
    }
    return joined
        .mapToPair(
            s -> {
              Tuple2<String, long[]> a = s._2()._1().get();
              String group = a._1() == null ? s._1() : a._1();
              return new Tuple2<>(group, new long[][] {a._2(), s._2()._2().get()._2()});
            })
        .reduceByKey(ImageTable::add);
  }

  private static JavaPairRDD<String, long[][]> groups(Dataset<Row> rows) {
    return bySample(rows)
        .mapToPair(
            s -> {
              String group = s._2()._1() == null ? s._1() : s._2()._1();
              return new Tuple2<>(group, new long[][] {s._2()._2(), s._2()._2()});
            })
        .reduceByKey(ImageTable::add);
  }

  private static JavaPairRDD<String, Tuple2<String, long[]>> bySample(
      SparkSession spark, String path) {
    return bySample(spark.read().parquet(path));
  }

  private static JavaPairRDD<String, Tuple2<String, long[]>> bySample(Dataset<Row> rows) {
    return rows.javaRDD()
        .mapToPair(
            row ->
                new Tuple2<>(
                    row.<String>getAs(SAMPLE_ID),
                    new Tuple2<>(row.<String>getAs(GROUP_ID), counts(row).toArray())));
  }

  private static long[][] add(long[][] a, long[][] b) {
    long[][] sum = new long[2][];
    for (int side = 0; side < 2; side++) {
      long[] left = a[side];
      long[] right = b[side];
      sum[side] = new long[left.length];
      Arrays.setAll(sum[side], i -> left[i] + right[i]);
    }
    return sum;
  }

  private static PairedCounts.Pair pairOf(String group, long[][] counts) {
    return new PairedCounts.Pair(group, counts(counts[0]), counts(counts[1]));
  }

  private static ImageCounts counts(long[] flat) {
    return ImageCounts.fromArray(flat.length / COUNTS.size() - 1, flat);
  }
}
