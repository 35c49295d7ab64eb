package stillhouse.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The tables that ingest writes under a workspace's root: their places, columns and types. */
public final class Samples {
  public static final String SAMPLE_ID = "sample_id";
  public static final String IMAGE_URI = "image_uri";
  public static final String LENGTH = "length";
  public static final String MTIME = "mtime";
  public static final String CONTENT_SHA256 = "content_sha256";
  public static final String WIDTH = "width";
  public static final String HEIGHT = "height";
  public static final String MASK = "mask";

  /**
   * SHA-256 of the bytes in {@link #MASK}; null where there is no mask. {@link #withMaskDigest}.
   */
  public static final String MASK_SHA256 = "mask_sha256";

  public static final String GROUP_ID = "group_id";
  public static final String SPLIT = "split";
  public static final String WEIGHT = "weight";
  public static final String CLASSES_PRESENT = "classes_present";

  /**
   * Which rectangle of the image a sample is; null where it is the whole of it. {@link Tile#of}.
   */
  public static final String TILE = "tile";

  /** Which of the frame's pixels an evaluation counts in a tile. {@link Tile#counted}. */
  public static final String COUNTED = "counted";

  public static final String REASON = "reason";
  public static final String DETAIL = "detail";
  public static final String STAGE = "stage";
  public static final String AT = "at";

  /**
   * Of the cache's stages: what could not be cached, by the key that it would have had. Null in
   * rows of ingest, and in those of before there was the column. {@link #withCacheKey}.
   */
  public static final String CACHE_KEY = "cache_key";

  /** Length and time of the mask's file, and the digest of the settings a row was made with. */
  static final String MASK_LENGTH = "mask_length";

  static final String MASK_MTIME = "mask_mtime";
  static final String SETTINGS = "settings";

  /** What a row's file and settings were: equal in all of these, a file is known. */
  static final List<String> IDENTITY =
      List.of(IMAGE_URI, LENGTH, MTIME, MASK_LENGTH, MASK_MTIME, SETTINGS);

  static final StructType SCHEMA =
      new StructType(
          new StructField[] {
            required(SAMPLE_ID, DataTypes.StringType),
            required(IMAGE_URI, DataTypes.StringType),
            required(LENGTH, DataTypes.LongType),
            required(MTIME, DataTypes.LongType),
            required(CONTENT_SHA256, DataTypes.StringType),
            required(WIDTH, DataTypes.IntegerType),
            required(HEIGHT, DataTypes.IntegerType),
            optional(MASK, DataTypes.BinaryType),
            required(GROUP_ID, DataTypes.StringType),
            required(SPLIT, DataTypes.StringType),
            required(WEIGHT, DataTypes.FloatType),
            required(CLASSES_PRESENT, DataTypes.createArrayType(DataTypes.IntegerType, false)),
            optional(MASK_LENGTH, DataTypes.LongType),
            optional(MASK_MTIME, DataTypes.LongType),
            required(SETTINGS, DataTypes.StringType),
            optional(TILE, Tile.TYPE),
            optional(COUNTED, Tile.TYPE),
            optional(MASK_SHA256, DataTypes.StringType)
          });

  static final StructType QUARANTINE_SCHEMA =
      new StructType(
          new StructField[] {
            required(IMAGE_URI, DataTypes.StringType),
            required(REASON, DataTypes.StringType),
            required(DETAIL, DataTypes.StringType),
            required(STAGE, DataTypes.StringType),
            required(AT, DataTypes.TimestampType),
            optional(LENGTH, DataTypes.LongType),
            optional(MTIME, DataTypes.LongType),
            optional(MASK_LENGTH, DataTypes.LongType),
            optional(MASK_MTIME, DataTypes.LongType),
            optional(SETTINGS, DataTypes.StringType),
            optional(CACHE_KEY, DataTypes.StringType)
          });

  private Samples() {}

  /** Where the samples table of a workspace lies. */
  public static String table(String root) {
    return root + "/tables/samples";
  }

  /** Where the quarantine table of a workspace lies; every stage appends to it. */
  public static String quarantineTable(String root) {
    return root + "/tables/quarantine";
  }

  /** Samples with their tiles, null in a table that an older version wrote. */
  public static Dataset<Row> withTiles(Dataset<Row> samples) {
    Dataset<Row> all = samples;
    for (String column : List.of(TILE, COUNTED)) {
      if (!List.of(samples.columns()).contains(column)) {
        all = all.withColumn(column, lit(null).cast(Tile.TYPE));
      }
    }
    return all;
  }

  /**
   * Samples with {@link #MASK_SHA256}. A table that has the column has it of every row, so no mask
   * is read for it; in a table that an older version wrote it is made of the masks.
   */
  public static Dataset<Row> withMaskDigest(Dataset<Row> samples) {
    return List.of(samples.columns()).contains(MASK_SHA256)
        ? samples
        : samples.withColumn(MASK_SHA256, sha2(col(MASK), 256));
  }

  /** Quarantine with {@link #CACHE_KEY}, null in a table that an older version wrote. */
  public static Dataset<Row> withCacheKey(Dataset<Row> quarantine) {
    return List.of(quarantine.columns()).contains(CACHE_KEY)
        ? quarantine
        : quarantine.withColumn(CACHE_KEY, lit(null).cast(DataTypes.StringType));
  }

  /** Without crops, whose pixels are counted elsewhere too. */
  public static Dataset<Row> counted(Dataset<Row> samples) {
    return samples.where(col(TILE).isNull().or(col(COUNTED).isNotNull()));
  }

  /**
   * What a sample is of: its image's URI, and of a tile the rectangle as a media fragment ({@code
   * #xywh=0,0,512,512}, W3C Media Fragments 1.0). Quarantine names samples so.
   */
  public static Column part() {
    Column rectangle =
        concat_ws(
            ",",
            col(TILE).getField("x"),
            col(TILE).getField("y"),
            col(TILE).getField("width"),
            col(TILE).getField("height"));
    return when(col(TILE).isNull(), col(IMAGE_URI))
        .otherwise(concat(col(IMAGE_URI), lit(Tile.FRAGMENT), rectangle));
  }

  private static StructField required(String name, org.apache.spark.sql.types.DataType type) {
    return DataTypes.createStructField(name, type, false);
  }

  private static StructField optional(String name, org.apache.spark.sql.types.DataType type) {
    return DataTypes.createStructField(name, type, true);
  }
}
