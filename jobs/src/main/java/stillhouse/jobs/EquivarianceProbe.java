package stillhouse.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.udf;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import stillhouse.cache.CacheTables;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.Samples;
import stillhouse.data.View;
import stillhouse.identity.Sha256;
import stillhouse.teacher.Equivariance;
import stillhouse.teacher.TeacherSource;

/** Has a teacher asked about a few images and their views, where the executors are. */
final class EquivarianceProbe {
  private final SparkSession spark;
  private final String root;
  private final DatasetConfig dataset;
  private final TeacherSource teacher;
  private final List<View> views;

  EquivarianceProbe(
      SparkSession spark,
      String root,
      DatasetConfig dataset,
      TeacherSource teacher,
      List<View> views) {
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.teacher = teacher;
    this.views = views;
  }

  /**
   * @param images at most; always the same ones, by a hash of their names
   * @param derivable as {@link EquivarianceTable} takes it
   */
  EquivarianceTable measure(int images, double derivable) {
    describe("verify: " + images + " images in " + views);
    try {
      Dataset<Row> asked = few(images);
      int tasks = Math.min(images, spark.sparkContext().defaultParallelism());
      Map<String, List<Equivariance.Figure>> byImage = new TreeMap<>();
      for (Row row :
          asked
              .repartition(tasks)
              .mapPartitions(task(), Encoders.row(EquivarianceTask.FIGURES))
              .collectAsList()) { // a few numbers an image and view, of so many as were asked for
        byImage
            .computeIfAbsent(row.getString(0), id -> new ArrayList<>())
            .add(EquivarianceTask.figure(row));
      }
      if (byImage.isEmpty()) {
        throw new ConfigException(
            "No image to ask teacher %s about: %s. Ingest some first."
                .formatted(
                    teacher.spec().name(),
                    asksByLabels()
                        ? "its prompts are taken from labels, and no image that can be read shows a"
                            + " class"
                        : "none can be read"));
      }
      return EquivarianceTable.of(List.copyOf(byImage.values()), derivable);
    } finally {
      describe(null);
    }
  }

  /**
   * Contact sheet of the first of the images: each view, and what the teacher says of it.
   *
   * @param images as {@link #measure} took them
   */
  byte[] picture(int images) {
    describe("verify: a picture of the views");
    try {
      List<View> all = new ArrayList<>(views);
      all.add(View.IDENTITY);
      var drawing = new ViewsPicture(task(), View.ordered(all), dataset.classes());
      return few(images).flatMap(drawing, Encoders.BINARY()).first();
    } finally {
      describe(null);
    }
  }

  private EquivarianceTask task() {
    return new EquivarianceTask(teacher, HadoopImages.of(spark), Prompts.of(dataset), views);
  }

  /** Where prompts come from labels, of the images that are asked something. */
  private Dataset<Row> few(int count) {
    Dataset<Row> samples = CacheTables.of(root).samples(spark);
    var hash =
        udf((UDF1<String, String>) id -> Sha256.of(id.getBytes(UTF_8)).hex(), DataTypes.StringType);
    return samples
        .where(asksByLabels() ? asked() : lit(true))
        .orderBy(hash.apply(col(Samples.SAMPLE_ID)))
        .limit(count);
  }

  private boolean asksByLabels() {
    return teacher.spec().promptable() && Prompts.of(dataset).readsLabels();
  }

  private Column asked() {
    Column labelled = size(col(Samples.CLASSES_PRESENT)).gt(0);
    boolean others = dataset.prompts().fallback().isPresent();
    return others ? labelled.or(col(Samples.MASK).isNull()) : labelled;
  }

  private void describe(String what) {
    spark.sparkContext().setJobDescription(what);
  }
}
