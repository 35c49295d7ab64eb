package stillhouse.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.udf;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import stillhouse.cache.CacheTables;
import stillhouse.cache.CachedAnswers;
import stillhouse.cache.ViewRows;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.Samples;
import stillhouse.identity.Sha256;
import stillhouse.predict.RowLogits;
import stillhouse.teacher.TeacherSpec;

/**
 * The labelled images of one split that every model of an evaluation is scored on: those that can
 * be read and, where a teacher is scored too, that it has answered.
 *
 * @param rows the samples' columns, and the teacher's {@code answers} where there is one
 * @param set which they are
 * @param leftOut how many labelled images of the split are not among them, by reason
 */
record TestSamples(
    DatasetConfig dataset,
    String split,
    Dataset<Row> rows,
    SampleSet set,
    Map<String, Long> leftOut) {
  /** The reason of an image that is in no table but the samples: new since the cache job ran. */
  static final String NOT_ANSWERED = "not answered";

  /**
   * @throws ConfigException where there is no image to score
   */
  static TestSamples of(
      SparkSession spark,
      String root,
      DatasetConfig dataset,
      String split,
      Optional<TeacherSpec> teacher) {
    spark.sparkContext().setJobDescription("evaluate: which images of split " + split);
    try {
      Dataset<Row> labelled = labelled(CacheTables.of(root).samples(spark), split);
      Dataset<Row> candidates =
          teacher
              .map(t -> ViewRows.answered(spark, root, Prompts.keys(spark, root, dataset, t)))
              .map(answered -> labelled(answered, split))
              .orElse(labelled);
      Dataset<Row> rows =
          candidates.join(
              Quarantine.unreadable(spark, root, candidates),
              Quarantine.on(Samples.SAMPLE_ID),
              "left_anti");
      SampleSet set = SampleSet.of(dataset.classes(), rows);
      Map<String, Long> leftOut =
          labelled.count() == set.images() ? Map.of() : leftOut(spark, root, labelled, rows);
      if (set.images() == 0) {
        throw new ConfigException(
            "No image to score in split %s: 0 of its %d labelled images can be used (%s). Ingest labelled images, or run the cache job again."
                .formatted(split, labelled.count(), leftOut));
      }
      return new TestSamples(dataset, split, rows, set, leftOut);
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  /**
   * Holds a model to the images that the job began with.
   *
   * @param name of the model
   * @param scored how many of them it was scored on
   * @throws IllegalStateException where an ingest or cache job changed them meanwhile
   */
  void requireAll(String name, long scored) {
    if (scored != set.images()) {
      throw new IllegalStateException(
          "Cannot score %s: %d images were scored, the job began with %d of split %s. Run it again once no ingest or cache job is running."
              .formatted(name, scored, set.images(), split));
    }
  }

  private static Dataset<Row> labelled(Dataset<Row> samples, String split) {
    return Samples.counted(samples)
        .where(col(Samples.SPLIT).equalTo(split))
        .where(col(Samples.MASK).isNotNull());
  }

  private static Map<String, Long> leftOut(
      SparkSession spark, String root, Dataset<Row> labelled, Dataset<Row> rows) {
    Dataset<Row> reasons =
        labelled
            .select(col(Samples.SAMPLE_ID), Samples.part().as(Samples.IMAGE_URI))
            .join(rows.select(Samples.SAMPLE_ID), Quarantine.on(Samples.SAMPLE_ID), "left_anti")
            .join(Quarantine.ofCache(spark, root), Quarantine.on(Samples.IMAGE_URI), "left")
            .select(coalesce(col(Samples.REASON), lit(NOT_ANSWERED)).as(Samples.REASON));
    Map<String, Long> leftOut = new TreeMap<>();
    for (Row row : reasons.groupBy(Samples.REASON).count().collectAsList()) {
      leftOut.put(row.getString(0), row.getLong(1));
    }
    return leftOut;
  }

  /** A few rows for pictures: always the same ones, spread by a hash over the split's classes. */
  List<Row> few(int count) {
    var hash =
        udf((UDF1<String, String>) id -> Sha256.of(id.getBytes(UTF_8)).hex(), DataTypes.StringType);
    return rows.where("size(classes_present) > 0")
        .orderBy(hash.apply(col("sample_id")))
        .limit(count)
        .collectAsList();
  }

  /** Rows to read images by, as many at most: always the same ones, drawn by a hash. */
  List<Row> drawn(int count) {
    return rows.select(Samples.SAMPLE_ID, Samples.IMAGE_URI, Samples.CONTENT_SHA256, Samples.TILE)
        .orderBy(sha2(col(Samples.SAMPLE_ID), 256))
        .limit(count)
        .collectAsList();
  }

  /** Composed from a row's {@code answers}, at the resolution that the teacher answered in. */
  RowLogits teacherLogits() {
    int classes = dataset.classes().size();
    return row -> CachedAnswers.of(row).logits(classes);
  }
}
