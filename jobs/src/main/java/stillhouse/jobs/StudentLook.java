package stillhouse.jobs;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.HadoopImages;
import stillhouse.metrics.Metric;
import stillhouse.predict.Evaluation;
import stillhouse.predict.EvaluationResult;
import stillhouse.predict.OnnxSource;
import stillhouse.train.Checkpoint;

/**
 * Scores the student of a checkpoint on one set of images, as the evaluate job would.
 *
 * @param imageTable the per-image counts of the last look, replaced by the next
 */
record StudentLook(
    SparkSession spark, TestSamples samples, String imageTable, CheckpointStudent student) {
  static final String FP32 = "student.onnx";
  static final String INT8 = "student.int8.onnx";
  private static final List<Metric> LOGGED = List.of(Metric.IOU, Metric.BOUNDARY_IOU);

  /**
   * Writes the files into {@code folder} and scores them.
   *
   * @return by MLflow's names, such as {@code val/boundary_iou}, {@code val/iou_<class>} and {@code
   *     val/iou_int8}
   */
  Map<String, Double> at(Checkpoint checkpoint, boolean int8, Path folder) {
    Path onnx = folder.resolve(FP32);
    student.write(checkpoint, onnx);
    Map<String, Double> metrics = new LinkedHashMap<>(score(onnx, ""));
    if (int8) {
      Path rounded = folder.resolve(INT8);
      student.writeInt8(onnx, rounded);
      metrics.putAll(score(rounded, "_int8"));
    }
    return metrics;
  }

  String name(Metric metric, String suffix) {
    return samples.split() + "/" + metric.key() + suffix;
  }

  private Map<String, Double> score(Path onnx, String suffix) {
    EvaluationResult result =
        new Evaluation(samples.dataset().classes(), imageTable)
            .run(spark, samples.rows(), OnnxSource.of(onnx, 1), HadoopImages.of(spark));
    if (result.images() != samples.set().images()) {
      throw new IllegalStateException(
          "Cannot validate on split %s: %d images were scored, the job began with %d. Train again once no ingest job is running: the run goes on from its last checkpoint."
              .formatted(samples.split(), result.images(), samples.set().images()));
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (Metric metric : LOGGED) {
      result.mean(metric).ifPresent(v -> metrics.put(name(metric, suffix), v));
      for (int c = 1; c <= result.classNames().size(); c++) {
        String of = "_" + result.classNames().get(c - 1) + suffix;
        result.value(metric, c).ifPresent(v -> metrics.put(name(metric, of), v));
      }
    }
    return metrics;
  }
}
