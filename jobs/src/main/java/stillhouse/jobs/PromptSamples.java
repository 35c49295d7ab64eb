package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.size;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.Samples;

/**
 * The images of a split that show an object, as every teacher of a job is asked about them.
 *
 * @param rows in the order of a hash of their names
 * @param images how many
 * @param of how many images of the split show an object
 */
record PromptSamples(
    DatasetConfig dataset, String split, Dataset<Row> rows, SampleSet set, long images, long of) {
  /**
   * @param limit images at most: always the same ones
   * @throws ConfigException where none shows an object
   */
  static PromptSamples of(
      SparkSession spark, String root, DatasetConfig dataset, String split, OptionalInt limit) {
    TestSamples labelled = TestSamples.of(spark, root, dataset, split, Optional.empty());
    Dataset<Row> shown = labelled.rows().where(size(col(Samples.CLASSES_PRESENT)).gt(0));
    long all = shown.count();
    if (all == 0) {
      throw new ConfigException(
          "No object to ask about in split %s: none of its %d labelled images shows a class"
              .formatted(split, labelled.set().images()));
    }
    Dataset<Row> ordered = shown.orderBy(sha2(col(Samples.SAMPLE_ID), 256));
    Dataset<Row> rows = limit.isPresent() ? ordered.limit(limit.getAsInt()) : shown;
    SampleSet set = SampleSet.of(dataset.classes(), rows);
    return new PromptSamples(dataset, split, rows, set, set.images(), all);
  }

  /** A few of them, for a picture. */
  List<Row> few(int count) {
    return rows.orderBy(sha2(col(Samples.SAMPLE_ID), 256)).limit(count).collectAsList();
  }
}
