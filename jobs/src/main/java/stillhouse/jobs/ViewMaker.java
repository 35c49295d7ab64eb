package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.TrainingView;
import stillhouse.cache.ViewRequest;
import stillhouse.cache.ViewRows;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.Samples;
import stillhouse.teacher.LocalTeacher;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.SampleKey;

/** Makes the training views that recipes read, each once. */
final class ViewMaker {
  private static final Logger log = LoggerFactory.getLogger(ViewMaker.class);
  private final SparkSession spark;
  private final String root;
  private final DatasetConfig dataset;
  private final Optional<LocalTeacher> teacher;
  private final double labels;
  private final Map<List<Object>, TrainingView> made = new LinkedHashMap<>();

  ViewMaker(
      SparkSession spark,
      String root,
      DatasetConfig dataset,
      Optional<LocalTeacher> teacher,
      double labels) {
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.teacher = teacher;
    this.labels = labels;
  }

  /**
   * A recipe that learns from labels alone reads the images whose labels count and no others, so
   * that its steps are full; one that learns from the teacher reads every cached image.
   */
  TrainingView of(Recipe recipe) {
    boolean taught = Experiment.needsTeacher(recipe);
    int grid = recipe.alignment().grid();
    int dimensions = recipe.projection().dimensions();
    List<Object> key = taught ? List.of(true, grid, dimensions) : List.of(false);
    return made.computeIfAbsent(key, k -> taught ? taught(grid, dimensions) : labelled());
  }

  /** Which share of the labels of {@link #of}'s rows a run may use. */
  double labelFraction(Recipe recipe) {
    return Experiment.needsTeacher(recipe) ? labels : 1;
  }

  private TrainingView taught(int grid, int dimensions) {
    LocalTeacher source = teacher.orElseThrow();
    CacheKeys keys = Prompts.keys(dataset, source.spec());
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("teacher", source.spec().name());
    provenance.put("encoder", source.spec().encoderDigest().hex());
    provenance.put("decoder", source.spec().decoderDigest().hex());
    provenance.put("prompts", keys.plan());
    provenance.put("structure", keys.structureKey(""));
    provenance.put("encoding", keys.encoding().text());
    ViewRequest request = request(grid, dimensions, provenance);
    return TrainingView.materialise(
        spark, root, request, HadoopImages.of(spark), ViewRows.cached(spark, root, keys, request));
  }

  private TrainingView labelled() {
    double share = labels;
    var counts =
        functions.udf(
            (UDF1<String, Boolean>) id -> SampleKey.labelWithin(id, share), DataTypes.BooleanType);
    Dataset<Row> rows =
        readable(ViewRows.labelled(spark, root).where(counts.apply(functions.col("sample_id"))));
    return TrainingView.materialise(
        spark,
        root,
        request(1, 1, Map.of("teacher", "none", "labels", String.valueOf(labels))),
        HadoopImages.of(spark),
        rows);
  }

  /** Without the images that the cache job quarantined and that can't be read now either. */
  private Dataset<Row> readable(Dataset<Row> rows) {
    Dataset<Row> unreadable = Quarantine.unreadable(spark, root, rows);
    long images = unreadable.count();
    if (images == 0) {
      return rows;
    }
    log.warn("{} labelled images are in quarantine and can't be read: left out", images);
    return rows.join(unreadable, Quarantine.on(Samples.SAMPLE_ID), "left_anti");
  }

  private ViewRequest request(int grid, int dimensions, Map<String, String> provenance) {
    int height = dataset.input().height();
    int width = dataset.input().width();
    return new ViewRequest(
        dataset.classes(), height, width, grid, grid, height, width, dimensions, 0, provenance);
  }
}
