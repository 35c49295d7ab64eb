package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;

import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.CachedAnswers;
import stillhouse.cache.Pins;
import stillhouse.cache.ReviewTable;
import stillhouse.cache.ViewRows;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.Samples;
import stillhouse.identity.Fingerprint;
import stillhouse.predict.Disagreement;
import stillhouse.predict.OnnxSource;
import stillhouse.predict.RowLogits;
import stillhouse.predict.SegmenterSource;
import stillhouse.teacher.TeacherSpec;

/**
 * Looks for the samples of a split on which a student and its teacher disagree: rows of the table
 * {@code review}, pictures of the worst, and a summary. Executors compare; the driver sees the
 * worst samples and sums.
 */
final class ReviewJob {
  private static final Logger log = LoggerFactory.getLogger(ReviewJob.class);
  private final SparkSession spark;
  private final String root;
  private final DatasetConfig dataset;
  private final TeacherSpec teacher;
  private final ReviewTerms terms;

  ReviewJob(
      SparkSession spark,
      String root,
      DatasetConfig dataset,
      TeacherSpec teacher,
      ReviewTerms terms) {
    if (!teacher.answers()) {
      throw new ConfigException(
          "Cannot review against teacher %s: it gives no masks (its YAML names neither logits nor a decoder). Name another --teacher."
              .formatted(teacher.name()));
    }
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.teacher = teacher;
    this.terms = terms;
  }

  /**
   * A student as it is after some training.
   *
   * @param folder of the run
   * @param epoch epochs trained
   * @param step steps taken
   */
  record Student(String run, Path folder, OnnxSource onnx, int epoch, long step) {}

  /**
   * @param added rows that the table lacked
   * @param pictures the folder of pages; without any where nothing is flagged
   */
  record Found(ReviewReport report, long added, Path pictures) {}

  /**
   * Before a training whose students are looked at.
   *
   * @throws ConfigException where the teacher has answered about no sample of the split
   */
  void requireAnswers() {
    boolean asked = Pins.versions(spark, root).containsKey("answers");
    if (!asked || samples().isEmpty()) {
      throw nothing();
    }
  }

  private ConfigException nothing() {
    return new ConfigException(
        "Nothing to review in split %s: teacher %s has answered about none of its samples. Run the cache job first."
            .formatted(split(), teacher.name()));
  }

  /** Where the pages lie of a student after so many epochs. */
  Path pictures(Path run, int epoch) {
    return run.resolve(RunTracking.REVIEW).resolve(terms.folder(epoch));
  }

  /** What a look at a student follows from, beside its weights. */
  String terms(int epoch) {
    return terms.folder(epoch) + ", worst " + terms.worst() + ", asked " + asked();
  }

  /**
   * @throws ConfigException where the teacher has answered about no sample of the split
   */
  Found look(Student student) {
    String before = spark.sparkContext().getLocalProperty("spark.job.description");
    describe("review %s: epoch %d, split %s".formatted(student.run(), student.epoch(), split()));
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Broadcast<SegmenterSource> network = context.broadcast(student.onnx());
    Dataset<Row> samples = samples();
    Dataset<Row> compared =
        new Disagreement(dataset.classes(), terms.reading(), terms.threshold())
            .compare(spark, samples, network, logits(), HadoopImages.of(spark))
            .persist(StorageLevel.MEMORY_AND_DISK()); // some hundred bytes a sample
    try {
      return found(student, samples, compared);
    } finally {
      compared.unpersist();
      network.destroy();
      spark.sparkContext().setJobDescription(before);
    }
  }

  private Found found(Student student, Dataset<Row> samples, Dataset<Row> compared) {
    ReviewReport report = ReviewReport.of(compared, dataset.classes());
    if (report.all().samples() == 0) {
      throw nothing();
    }
    Path pictures = pictures(student.folder(), student.epoch());
    Map<String, String> pages = new HashMap<>();
    List<Row> worst = worst(compared);
    if (!worst.isEmpty()) {
      new ReviewSheets(HadoopImages.of(spark), logits(), dataset.classes())
          .draw(worst, samples, student.onnx(), pictures);
      String folder = student.folder().relativize(pictures).toString().replace('\\', '/');
      for (int i = 0; i < worst.size(); i++) {
        pages.put(worst.get(i).getAs(Samples.SAMPLE_ID), folder + "/" + ReviewSheets.page(i));
      }
    }
    long added = ReviewTable.append(spark, root, rows(student, compared, pages));
    log.info(
        "Reviewed {} after epoch {}: {} of {} samples of split {} disagree ({} at {}), {} new rows",
        student.run(),
        student.epoch(),
        report.all().flagged(),
        report.all().samples(),
        split(),
        terms.reading().word(),
        terms.threshold(),
        added);
    return new Found(report, added, pictures);
  }

  /** Whatever the teacher was asked about as it is, and can be read. */
  private Dataset<Row> samples() {
    Dataset<Row> answered =
        Samples.withMaskDigest(ViewRows.answered(spark, root, keys()))
            .where(col(Samples.SPLIT).equalTo(split()));
    return answered.join(
        Quarantine.unreadable(spark, root, answered),
        Quarantine.on(Samples.SAMPLE_ID),
        "left_anti");
  }

  private RowLogits logits() {
    int classes = dataset.classes().size();
    return row -> CachedAnswers.of(row).logits(classes);
  }

  private List<Row> worst(Dataset<Row> compared) {
    return compared
        .where(col("flagged"))
        .orderBy(col("disagreement").desc(), col(Samples.SAMPLE_ID))
        .limit(terms.worst())
        .collectAsList();
  }

  private Dataset<Row> rows(Student student, Dataset<Row> compared, Map<String, String> pages) {
    var page = udf((UDF1<String, String>) pages::get, DataTypes.StringType);
    String model = student.onnx().digest().hex();
    String asked = asked();
    double threshold = terms.threshold();
    String split = split();
    String run = student.run();
    var key =
        udf(
            (UDF3<String, String, String, String>)
                (sample, mask, reading) ->
                    Fingerprint.of("review 1")
                        .add("run", run)
                        .add("model", model)
                        .add("teacher", asked)
                        .add("split", split)
                        .add("sample", sample)
                        .add("mask", mask == null ? "" : mask)
                        .add("reading", reading)
                        .add("threshold", threshold)
                        .digest()
                        .hex(),
            DataTypes.StringType);
    return compared
        .where(col("flagged"))
        .withColumn(
            ReviewTable.KEY,
            key.apply(col(Samples.SAMPLE_ID), col(Samples.MASK_SHA256), col("reading")))
        .withColumn(ReviewTable.RUN, lit(run))
        .withColumn("model", lit(model))
        .withColumn("epoch", lit(student.epoch()))
        .withColumn("step", lit(student.step()))
        .withColumn(Samples.SPLIT, lit(split))
        .withColumn("threshold", lit(threshold))
        .withColumn("picture", page.apply(col(Samples.SAMPLE_ID)))
        .withColumn(Samples.AT, lit(Timestamp.from(Instant.now())));
  }

  /** What the teacher's answers follow from, beside image and mask. */
  private String asked() {
    CacheKeys keys = keys();
    return Fingerprint.of("asked")
        .add("encoder", teacher.encoderDigest())
        .add("decoder", teacher.decoderDigest())
        .add("preprocessing", teacher.preprocessing())
        .add("prompts", keys.plan())
        .add("encoding", keys.encoding().text())
        .digest()
        .hex();
  }

  private CacheKeys keys() {
    return Prompts.keys(spark, root, dataset, teacher);
  }

  /** Whose samples it looks at. */
  String split() {
    return terms.split();
  }

  private void describe(String what) {
    spark.sparkContext().setJobDescription(what);
  }
}
