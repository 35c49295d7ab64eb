package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.CacheTables;
import stillhouse.cache.ViewRows;
import stillhouse.data.Ingest;
import stillhouse.data.Samples;

/**
 * What became of every image file, labelled or not, of all splits: {@code images = cached +
 * quarantined + missing}, each counted by itself. Files of equal content are images of their own.
 *
 * @param images samples (of a frame its tiles and crops), and files that ingest refused
 * @param cached samples that the teacher has answered, or encoded where it answers nothing; a
 *     quarantine row from before does not count
 * @param quarantined files with a row in quarantine, of whichever stage, and without an answer
 * @param missing samples with neither; without a teacher every sample that isn't quarantined
 * @param teacher whether there was one to look for
 */
record Coverage(long images, long cached, long quarantined, long missing, boolean teacher) {
  private static final String PART = "part";
  private static final String CACHED = "cached";
  private static final String QUARANTINED = "quarantined";

  static Coverage of(SparkSession spark, String root, Optional<CacheKeys> teacher) {
    Dataset<Row> samples =
        CacheTables.of(root)
            .samples(spark)
            .select(col(Samples.SAMPLE_ID), col(Samples.IMAGE_URI), Samples.part().as(PART));
    Dataset<Row> answered =
        teacher
            .map(keys -> said(spark, root, keys).select(Samples.SAMPLE_ID))
            .orElseGet(() -> samples.select(Samples.SAMPLE_ID).limit(0))
            .withColumn(CACHED, lit(true));
    Dataset<Row> quarantine =
        Quarantine.table(spark, root).select(Samples.IMAGE_URI, Samples.STAGE);
    Dataset<Row> refused =
        quarantine
            .where(col(Samples.STAGE).equalTo(Ingest.STAGE))
            .select(Samples.IMAGE_URI)
            .distinct()
            .join(samples, Quarantine.on(Samples.IMAGE_URI), "left_anti")
            .select(col(Samples.IMAGE_URI).as(PART), lit(null).cast("boolean").as(CACHED));
    Dataset<Row> images =
        samples
            .join(answered, Quarantine.on(Samples.SAMPLE_ID), "left")
            .select(PART, CACHED)
            .unionByName(refused)
            .join(
                quarantine
                    .select(col(Samples.IMAGE_URI).as(PART))
                    .distinct()
                    .withColumn(QUARANTINED, lit(true)),
                Quarantine.on(PART),
                "left");
    Column open = col(CACHED).isNull();
    Row counts =
        images
            .agg(
                count(lit(1)),
                count(col(CACHED)),
                count(when(open.and(col(QUARANTINED).isNotNull()), lit(1))),
                count(when(open.and(col(QUARANTINED).isNull()), lit(1))))
            .first();
    return new Coverage(
        counts.getLong(0),
        counts.getLong(1),
        counts.getLong(2),
        counts.getLong(3),
        teacher.isPresent());
  }

  /** What a bare encoder says of a sample is its features. */
  private static Dataset<Row> said(SparkSession spark, String root, CacheKeys keys) {
    return keys.spec().answers()
        ? ViewRows.answered(spark, root, keys)
        : ViewRows.encoded(spark, root, keys);
  }

  /** The counts by their names in a summary; without a teacher nothing is cached or missing. */
  Map<String, Long> toMap() {
    Map<String, Long> map = new LinkedHashMap<>();
    map.put("images", images);
    if (teacher) {
      map.put("images_cached", cached);
    }
    map.put("images_quarantined", quarantined);
    if (teacher) {
      map.put("images_missing", missing);
    }
    return map;
  }

  /** What to tell the user of images that are missing. */
  Optional<String> warning() {
    return teacher && missing > 0
        ? Optional.of(
            missing
                + " of "
                + images
                + " images are neither cached nor quarantined: ingested since the cache job ran, or"
                + " it was stopped, or the data set's cache settings are others now. Run it again.")
        : Optional.empty();
  }
}
