package stillhouse.predict;

import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import stillhouse.cache.RowHashes;
import stillhouse.conf.ConfigException;
import stillhouse.data.CocoResults;
import stillhouse.data.Samples;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * Another tool's masks beside the samples that they are of: a folder of PNG index masks and NumPy
 * arrays, one {@code .npz} file with an array an image, or a COCO results file. A prediction is of
 * the image with its base name; where both are digits, leading zeros say nothing, so that COCO's
 * image id 42 is of {@code 000042.jpg}. Which is of which is found by joins: no name stands on the
 * driver but the few that a message quotes.
 *
 * @param rows the samples with {@link #COLUMN}, null where there is none
 * @param all what was read, held until {@link #close}
 * @param digest of all predictions: names and times of files, else what stands in them
 * @param unmatched predictions of no sample
 * @param missing images without a prediction
 * @param passedOver files in the folder that are no predictions
 */
public record PredictionSet(
    Dataset<Row> rows,
    Dataset<Row> all,
    Sha256 digest,
    long unmatched,
    long missing,
    long passedOver)
    implements AutoCloseable {
  static final String COLUMN = "prediction";

  /** Width and height of a tile's frame; null of a whole image. */
  static final String FRAME = "prediction_frame";

  static final String NAME = "name";
  static final String URI = "uri";
  static final String ARRAY = "array";
  static final String PARTS = "parts";
  private static final String KEY = "prediction_key";
  private static final String STAMP = "stamp";
  private static final String RESULTS = ".json";
  private static final int QUOTED = 3;

  /** What a missing prediction means. */
  public enum Missing {
    /** Refused: a file was forgotten. */
    REFUSE,
    /** An empty mask: the tool found nothing. */
    EMPTY
  }

  /**
   * @param uri of a folder, a {@code .npz} or a {@code .json} file; in a results file an image
   *     without a result is always one where nothing was found
   * @param samples with sample_id and image_uri, of tiles with tile
   * @throws ConfigException where predictions can't be told apart, none is of a sample, or an image
   *     has none and that is refused
   */
  public static PredictionSet of(
      SparkSession spark, String uri, Dataset<Row> samples, Missing missing) {
    boolean results = uri.toLowerCase(Locale.ROOT).endsWith(RESULTS);
    Dataset<Row> all = results ? results(spark, uri) : files(spark, uri);
    all.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      return of(uri, all, samples, results ? Missing.EMPTY : missing);
    } catch (RuntimeException e) {
      all.unpersist();
      throw e;
    }
  }

  private static PredictionSet of(
      String uri, Dataset<Row> all, Dataset<Row> samples, Missing policy) {
    Dataset<Row> taken = all.where("taken");
    Dataset<Row> keyed = Samples.withTiles(samples).withColumn(KEY, key(Samples.IMAGE_URI));
    Dataset<Row> images = keyed.select(KEY, Samples.IMAGE_URI).distinct();
    requireDistinct(uri, taken, NAME, "predictions");
    requireDistinct(uri, images, Samples.IMAGE_URI, "images");
    Dataset<Row> without = images.join(taken, images.col(KEY).equalTo(taken.col(KEY)), "left_anti");
    long missing = without.count();
    if (missing == images.count()) {
      throw new ConfigException(
          "Cannot score predictions %s: none of its %d is of an image, as %s (images are such as %s). A prediction has its image's base name, or as image_id its number."
              .formatted(uri, taken.count(), few(taken, NAME), few(images, Samples.IMAGE_URI)));
    }
    if (missing > 0 && policy == Missing.REFUSE) {
      throw new ConfigException(
          "Cannot score predictions %s: %d images have none, as %s. Predict them too, or give --missing empty to score them as images where nothing was found."
              .formatted(uri, missing, few(without, Samples.IMAGE_URI)));
    }
    long unmatched = taken.join(images, matches(taken, images), "left_anti").count();
    return new PredictionSet(
        joined(keyed, taken),
        all,
        digest(taken),
        unmatched,
        missing,
        all.where("NOT taken").count());
  }

  private static Column matches(Dataset<Row> a, Dataset<Row> b) {
    return a.col(KEY).equalTo(b.col(KEY));
  }

  private static Dataset<Row> joined(Dataset<Row> samples, Dataset<Row> taken) {
    Dataset<Row> predictions =
        taken.select(
            col(KEY).as("of"), struct(col(NAME), col(URI), col(ARRAY), col(PARTS)).as(COLUMN));
    Column tile = col(Samples.TILE);
    Dataset<Row> frames =
        samples
            .where(tile.isNotNull())
            .groupBy(col(KEY).as("frame_of"))
            .agg(
                max(tile.getField("x").plus(tile.getField("width"))).as("width"),
                max(tile.getField("y").plus(tile.getField("height"))).as("height"))
            .select(col("frame_of"), struct(col("width"), col("height")).as(FRAME));
    return samples
        .join(predictions, col(KEY).equalTo(col("of")), "left")
        .join(frames, col(KEY).equalTo(col("frame_of")), "left")
        .drop(KEY, "of", "frame_of");
  }

  private static void requireDistinct(String uri, Dataset<Row> rows, String named, String what) {
    List<Row> twice =
        rows.groupBy(KEY)
            .agg(count(lit(1)).as("times"), collect_list(named).as("names"))
            .where("times > 1")
            .limit(1)
            .collectAsList();
    if (!twice.isEmpty()) {
      List<String> names = twice.get(0).getList(2);
      throw new ConfigException(
          "Cannot score predictions %s: %s share the name %s: %s. Which is of which can't be known; rename them."
              .formatted(
                  uri,
                  what,
                  twice.get(0).getString(0),
                  names.subList(0, Math.min(QUOTED, names.size()))));
    }
  }

  private static List<String> few(Dataset<Row> rows, String column) {
    return rows.select(column).limit(QUOTED).collectAsList().stream()
        .map(row -> row.getString(0))
        .toList();
  }

  private static Sha256 digest(Dataset<Row> taken) {
    Row sums =
        taken
            .select(RowHashes.of(col(NAME), col(STAMP)))
            .agg(count(lit(1)), RowHashes.sums())
            .first();
    return Fingerprint.of("predictions 1").add("rows", sums.toSeq().mkString(" ")).digest();
  }

  private static Dataset<Row> files(SparkSession spark, String uri) {
    return rows(spark, uri, new PredictionFiles(hadoop(spark)), PredictionFiles.SCHEMA)
        .withColumn(
            PARTS,
            lit(null).cast("array<struct<ordinal:bigint,category:int,score:double,text:string>>"))
        .withColumn(KEY, key(NAME));
  }

  private static Dataset<Row> results(SparkSession spark, String uri) {
    Column part = struct(CocoResults.PART.stream().map(name -> col(name)).toArray(Column[]::new));
    return rows(spark, uri, new CocoResults(hadoop(spark)), CocoResults.SCHEMA)
        .withColumn(KEY, key(CocoResults.IMAGE_ID))
        .groupBy(KEY)
        .agg(min(CocoResults.IMAGE_ID).as(NAME), array_sort(collect_list(part)).as(PARTS))
        .withColumn(URI, lit(null).cast("string"))
        .withColumn(ARRAY, lit(null).cast("binary"))
        .withColumn(STAMP, to_json(col(PARTS)))
        .withColumn("taken", lit(true));
  }

  private static Dataset<Row> rows(
      SparkSession spark, String uri, FlatMapFunction<String, Row> reader, StructType schema) {
    JavaRDD<String> places =
        JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(List.of(uri), 1);
    return spark.createDataFrame(places.flatMap(reader), schema);
  }

  private static Configuration hadoop(SparkSession spark) {
    return spark.sparkContext().hadoopConfiguration();
  }

  /** {@link #keyOf} of a column. */
  static Column key(String column) {
    Column name = col(column);
    return when(
        name.isNotNull(),
        udf((UDF1<String, String>) PredictionSet::keyOf, DataTypes.StringType).apply(name));
  }

  /** The name that an image and its prediction share. */
  static String keyOf(String name) {
    String last = name.substring(name.lastIndexOf('/') + 1);
    String base = last.replaceFirst("(?i)\\.(png|npy|npz|jpe?g|tiff?|bmp)$", "");
    return base.matches("0+[0-9]+") ? base.replaceFirst("^0+(?=[0-9])", "") : base;
  }

  /** Takes the masks out of {@link #rows}. */
  public RowMasks masks(SparkSession spark, int classes) {
    return new PredictedMask(classes, hadoop(spark));
  }

  /** What did not meet, for the table; empty where everything did. */
  public String remarks() {
    return String.join(
        ", ",
        Stream.of(
                missing == 0 ? "" : missing + " images without a prediction scored as empty",
                unmatched == 0 ? "" : unmatched + " predictions of no image of the split",
                passedOver == 0 ? "" : passedOver + " other files passed over")
            .filter(said -> !said.isEmpty())
            .toList());
  }

  @Override
  public void close() {
    all.unpersist();
  }
}
