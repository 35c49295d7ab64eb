package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheTables;
import stillhouse.data.HadoopImages;
import stillhouse.data.Images;
import stillhouse.data.Samples;
import stillhouse.predict.StrataFile;
import stillhouse.quantize.Activations;

/** Measures a student's activations on the executors: what comes back are sums of histograms. */
final class Int8Calibration {
  private static final Logger log = LoggerFactory.getLogger(Int8Calibration.class);
  static final int COMPARED = 8; // images that a layer's cost is measured on

  private final SparkSession spark;
  private final String root;
  private final int wanted;
  private final Optional<String> strata;
  private CalibrationSet set;

  /**
   * @param strata a file of what is known of images, {@link StrataFile}; empty for what images show
   *     and how bright they are alone
   */
  Int8Calibration(SparkSession spark, String root, int wanted, Optional<String> strata) {
    this.spark = spark;
    this.root = root;
    this.wanted = wanted;
    this.strata = strata;
  }

  /** The images, the same for every run of a job. */
  CalibrationSet set(List<String> classes) {
    if (set == null) {
      set = CalibrationSet.draw(spark, root, wanted, classes, strata);
      log.info("INT8 is calibrated on {} images: {}", set.ids().size(), set.text(classes));
      set.warnings(classes).forEach(log::warn);
    }
    return set;
  }

  /** The images that were drawn for the last run. */
  CalibrationSet drawn() {
    return set;
  }

  /** What a network's values are on the set's images. */
  Activations activations(byte[] model, RunRecord record) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    spark.sparkContext().setJobDescription("export: activations of " + record.name());
    Broadcast<byte[]> shared = context.broadcast(model);
    HadoopImages images = HadoopImages.of(spark);
    int height = record.height();
    int width = record.width();
    try {
      return rows(spark, root, set(record.classes()).ids())
          .repartition(context.defaultParallelism(), col(Samples.CONTENT_SHA256))
          .javaRDD()
          .mapPartitions(
              rows ->
                  List.of(
                          Activations.of(
                              shared.value(),
                              Mapped.of(rows, row -> planes(images, row, height, width))))
                      .iterator())
          .treeReduce(Activations::merge);
    } finally {
      shared.destroy();
      spark.sparkContext().setJobDescription(null);
    }
  }

  /** A few of the images, as the network takes them. */
  List<float[]> few(RunRecord record) {
    List<String> ids = set(record.classes()).ids();
    return planes(
        spark,
        root,
        ids.subList(0, Math.min(COMPARED, ids.size())),
        record.height(),
        record.width());
  }

  /**
   * Images as a network takes them, on the driver.
   *
   * @param root the workspace
   * @return in the order of their samples' ids, each [3, height, width] in 0…1
   */
  static List<float[]> planes(
      SparkSession spark, String root, List<String> ids, int height, int width) {
    HadoopImages images = HadoopImages.of(spark);
    List<float[]> few = new ArrayList<>();
    Iterator<Row> rows = rows(spark, root, ids).orderBy(Samples.SAMPLE_ID).toLocalIterator();
    rows.forEachRemaining(row -> few.add(planes(images, row, height, width)));
    return few;
  }

  private static Dataset<Row> rows(SparkSession spark, String root, List<String> ids) {
    Dataset<Row> chosen = spark.createDataset(ids, Encoders.STRING()).toDF(Samples.SAMPLE_ID);
    return Samples.withTiles(CacheTables.of(root).samples(spark))
        .join(chosen, Samples.SAMPLE_ID)
        .select(Samples.SAMPLE_ID, Samples.IMAGE_URI, Samples.CONTENT_SHA256, Samples.TILE);
  }

  private static float[] planes(HadoopImages images, Row row, int height, int width) {
    return Images.planes(images.read(row), height, width).data();
  }
}
