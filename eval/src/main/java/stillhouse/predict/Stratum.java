package stillhouse.predict;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.SparkSession;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.SegmentationCounts;

/**
 * How an evaluation's images fall into parts that are scored by themselves. What an image is, and
 * not what a model says of it, decides, so every model's parts are of the same images. The parts'
 * counts are merged on the executors: the driver is told one sum a part.
 */
public sealed interface Stratum permits TruthStratum, StrataFile.ByColumn {
  /** The part of images that belong to no other. */
  String NONE = "none";

  /** As on a command line and in metrics' names. */
  String word();

  /**
   * The parts that have an image, each with its score.
   *
   * @param table the per-image table of an evaluation
   * @param classes the data set's, 1…K
   */
  Map<String, EvaluationResult> score(SparkSession spark, String table, List<String> classes);

  /** Sums the images of each part; the parts come in the order of {@code names}. */
  static Map<String, EvaluationResult> scores(
      JavaPairRDD<String, ImageCounts> images, List<String> names, List<String> classes) {
    Map<String, SegmentationCounts> sums =
        images
            .aggregateByKey(
                SegmentationCounts.zero(classes.size()),
                SegmentationCounts::plus,
                SegmentationCounts::plus)
            .collectAsMap();
    Map<String, EvaluationResult> scores = new LinkedHashMap<>();
    names.stream()
        .filter(sums::containsKey)
        .forEach(name -> scores.put(name, new EvaluationResult(classes, sums.get(name))));
    return scores;
  }
}
