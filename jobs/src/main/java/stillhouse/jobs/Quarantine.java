package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.min;

import java.util.List;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageSource;
import stillhouse.data.Ingest;
import stillhouse.data.Samples;

/**
 * Samples that ingest took and the cache job could not use. They stay in the samples table, and
 * their quarantine rows stay when the file is mended: who needs the image itself asks {@link
 * #unreadable}, which reads those few again.
 */
final class Quarantine {
  private Quarantine() {}

  /** The whole table, ingest's rows too. */
  static Dataset<Row> table(SparkSession spark, String root) {
    return spark.read().format("delta").load(Samples.quarantineTable(root));
  }

  /**
   * Files that ingest refused, the last ones first: where, reason and what was found.
   *
   * @param most of them
   */
  static List<String> newestOfIngest(SparkSession spark, String root, int most) {
    return table(spark, root)
        .where(col(Samples.STAGE).equalTo(Ingest.STAGE))
        .orderBy(col(Samples.AT).desc(), col(Samples.IMAGE_URI))
        .select(Samples.IMAGE_URI, Samples.REASON, Samples.DETAIL)
        .limit(most)
        .collectAsList()
        .stream()
        .map(row -> "%s: %s, %s".formatted(row.get(0), row.get(1), row.get(2)))
        .toList();
  }

  /** One row an image of the cache job's stages: image_uri ({@link Samples#part}), reason. */
  static Dataset<Row> ofCache(SparkSession spark, String root) {
    return table(spark, root)
        .where(col(Samples.STAGE).notEqual(Ingest.STAGE))
        .groupBy(Samples.IMAGE_URI)
        .agg(min(Samples.REASON).as(Samples.REASON));
  }

  /** The sample_id of those samples whose image was quarantined and can't be read now either. */
  static Dataset<Row> unreadable(SparkSession spark, String root, Dataset<Row> samples) {
    ImageSource images = HadoopImages.of(spark);
    return samples
        .select(
            col(Samples.SAMPLE_ID),
            col(Samples.IMAGE_URI),
            col(Samples.CONTENT_SHA256),
            col(Samples.TILE),
            Samples.part().as("part"))
        .join(
            ofCache(spark, root).withColumnRenamed(Samples.IMAGE_URI, "part"),
            on("part"),
            "left_semi")
        .filter((FilterFunction<Row>) row -> !readable(images, row))
        .select(Samples.SAMPLE_ID);
  }

  private static boolean readable(ImageSource images, Row row) {
    try {
      images.read(row);
      return true;
    } catch (RuntimeException e) { // as the cache job takes it
      return false;
    }
  }

  static String[] on(String column) {
    return new String[] {column};
  }
}
