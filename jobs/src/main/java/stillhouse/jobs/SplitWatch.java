package stillhouse.jobs;

import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.Pins;

/**
 * Notices, while a job looks at images as they were when it began, that the tables have others by
 * now: images that came or went, or whose masks were corrected.
 */
final class SplitWatch {
  private final SparkSession spark;
  private final RootOption root;
  private final TestSamples began;
  private long version; // of the samples that were held against these last

  /**
   * @param version of the samples table, no newer than what the job began with
   */
  SplitWatch(SparkSession spark, RootOption root, TestSamples began, long version) {
    this.spark = spark;
    this.root = root;
    this.began = began;
    this.version = version;
  }

  static long version(SparkSession spark, RootOption root) {
    return Pins.versions(spark, root.uri()).get("samples");
  }

  /** A sentence, once of each version whose images of the split are others. */
  synchronized Optional<String> change() {
    long now = version(spark, root);
    if (now == version) {
      return Optional.empty();
    }
    version = now;
    SampleSet set =
        TestSamples.of(spark, root.uri(), began.dataset(), began.split(), Optional.empty()).set();
    return set.equals(began.set())
        ? Optional.empty()
        : Optional.of(
            "The labelled images of split %s are others since this job began (%d images, now %d; masks may have been corrected). It goes on to look at those that it began with, so that its looks can be compared. A driver that goes on after it begins its looks anew, on the images of then."
                .formatted(began.split(), began.set().images(), set.images()));
  }
}
