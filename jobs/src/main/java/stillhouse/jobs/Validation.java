package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.CacheTables;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.Samples;
import stillhouse.student.StudentConfig;
import stillhouse.train.ValidationLog;
import stillhouse.train.ValidationSettings;

/** What the runs of one train job are looked at on: the labelled images of a split. */
final class Validation {
  private final SparkSession spark;
  private final RootOption root;
  private final DatasetConfig dataset;
  private final StudentConfig student;
  private final Map<String, TestSamples> bySplit = new HashMap<>();
  private final Map<String, CalibrationImages> calibration = new HashMap<>(); // by view
  private final Map<String, SplitWatch> watches = new HashMap<>();

  Validation(SparkSession spark, RootOption root, DatasetConfig dataset, StudentConfig student) {
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.student = student;
  }

  /**
   * The images of a split as they are when the job begins, the same for all its runs and looks.
   *
   * @throws ConfigException where none of them has a pixel of any class
   */
  TestSamples samples(String split) {
    return bySplit.computeIfAbsent(
        split,
        s -> {
          requireLabels(s);
          long version = SplitWatch.version(spark, root); // first: what comes later is a change
          TestSamples began = TestSamples.of(spark, root.uri(), dataset, s, Optional.empty());
          watches.put(s, new SplitWatch(spark, root, began, version));
          return began;
        });
  }

  private void requireLabels(String split) {
    Map<String, Long> labelled = new TreeMap<>();
    Dataset<Row> counts =
        Samples.counted(CacheTables.of(root.uri()).samples(spark))
            .where(col(Samples.MASK).isNotNull())
            .where("size(" + Samples.CLASSES_PRESENT + ") > 0")
            .groupBy(Samples.SPLIT)
            .count();
    counts.collectAsList().forEach(row -> labelled.put(row.getString(0), row.getLong(1)));
    if (!labelled.containsKey(split)) {
      throw new ConfigException(
          "Cannot validate on split %s: none of its images has a labelled pixel of a class (images that have, by split: %s). Set training.validation.split in the recipe (--validate-split) to one of these, or train without validation."
              .formatted(split, labelled));
    }
  }

  /** Writes a run's student as it is at a checkpoint, as export would. */
  CheckpointStudent student(PreparedRun prepared) {
    var info = prepared.view().info();
    var metadata =
        new OnnxMetadata(
            info.classes(),
            info.height(),
            info.width(),
            student.name(),
            prepared.order().recipe().name(),
            dataset.name(),
            info.digest(),
            info.provenance());
    return new CheckpointStudent(
        prepared.experiment(),
        prepared.view(),
        metadata,
        new RoundedStudent(
            calibration.computeIfAbsent(
                prepared.view().folder(), folder -> new CalibrationImages(spark, root.uri(), info)),
            InFloatLayers.of(
                prepared.run().checkpoints(), spark.sparkContext().hadoopConfiguration())));
  }

  /** What looks at a run between its Spark jobs. */
  ValidationGate gate(PreparedRun prepared, ValidationSettings settings, RunTracking tracking) {
    return new ValidationGate(
        settings,
        new ValidationLog(
            prepared.run().checkpoints(), settings, spark.sparkContext().hadoopConfiguration()),
        new StudentLook(
            spark,
            samples(settings.split()),
            root.imageTable(prepared.order().name(), "validation"),
            student(prepared)),
        watches.get(settings.split()),
        prepared,
        tracking);
  }
}
