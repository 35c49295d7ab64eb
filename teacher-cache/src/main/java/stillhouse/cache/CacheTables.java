package stillhouse.cache;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import stillhouse.data.IngestedDataset;
import stillhouse.data.Samples;
import stillhouse.data.Split;
import stillhouse.data.Tile;
import stillhouse.data.View;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.TensorColumn;

/**
 * The teacher cache under one workspace root: three append-only, content-addressed Delta tables.
 *
 * <ul>
 *   <li><b>features</b>: one row a {@code feature_key}; one tensor column a layer, see {@link
 *       #layerColumn}. Columns of layers that other teachers have are null.
 *   <li><b>answers</b>: one row an {@code answer_key}, which is (feature, decoder, prompt). A plain
 *       segmenter has one row an image, prompt {@code none}, logits [K, h, w], class null. A
 *       promptable teacher has one row a prompt, logits [h, w]; an image that has no prompts has
 *       one row with prompt {@code none} and <b>logits null</b>, which says that it was asked
 *       nothing.
 *   <li><b>structure</b>: one row a {@code structure_key}; E, C and D as fp32 [H, W].
 * </ul>
 */
public final class CacheTables {
  public static final String FEATURE_KEY = "feature_key";
  public static final String ANSWER_KEY = "answer_key";
  public static final String STRUCTURE_KEY = "structure_key";
  public static final String PROMPT_FINGERPRINT = "prompt_fingerprint";
  public static final String DECODER_DIGEST = "decoder_digest";
  public static final String LOGITS = "logits";
  public static final String VIEW = "view";

  /** What a layer's tensor column begins with. */
  static final String LAYER = "layer_";

  static final StructType ANSWERS =
      new StructType()
          .add(ANSWER_KEY, DataTypes.StringType)
          .add(FEATURE_KEY, DataTypes.StringType)
          .add(DECODER_DIGEST, DataTypes.StringType)
          .add(PROMPT_FINGERPRINT, DataTypes.StringType)
          .add("prompt", DataTypes.StringType)
          .add("class_id", DataTypes.IntegerType)
          .add(LOGITS, TensorColumn.TYPE)
          .add("predicted_iou", DataTypes.FloatType)
          .add(Questions.OF, DataTypes.IntegerType);

  static final StructType STRUCTURE =
      new StructType()
          .add(STRUCTURE_KEY, DataTypes.StringType)
          .add(FEATURE_KEY, DataTypes.StringType)
          .add("layer", DataTypes.StringType)
          .add("radius", DataTypes.IntegerType)
          .add("operator_version", DataTypes.IntegerType)
          .add("e", TensorColumn.TYPE)
          .add("c", TensorColumn.TYPE)
          .add("d", TensorColumn.TYPE);

  static final StructType QUARANTINE =
      new StructType()
          .add("image_uri", DataTypes.StringType)
          .add("reason", DataTypes.StringType)
          .add("detail", DataTypes.StringType)
          .add("stage", DataTypes.StringType)
          .add("at", DataTypes.TimestampType)
          .add(Samples.CACHE_KEY, DataTypes.StringType);

  private final String root;

  private CacheTables(String root) {
    this.root = root.endsWith("/") ? root.substring(0, root.length() - 1) : root;
  }

  /**
   * @param root the workspace: any Hadoop path
   */
  public static CacheTables of(String root) {
    return new CacheTables(root);
  }

  public String featuresPath() {
    return root + "/cache/features";
  }

  public String answersPath() {
    return root + "/cache/answers";
  }

  public String structurePath() {
    return root + "/cache/structure";
  }

  /**
   * The samples as they are now, whatever is committed later.
   *
   * @throws stillhouse.conf.ConfigException where nothing was ingested
   */
  public Dataset<Row> samples(SparkSession spark) {
    String path = root + "/tables/samples";
    long version = version(spark, path);
    if (version < 0) {
      throw IngestedDataset.noSamples(spark, root);
    }
    return Samples.withTiles(
        spark.read().format("delta").option("versionAsOf", version).load(path));
  }

  String quarantinePath() {
    return root + "/tables/quarantine";
  }

  String projectionsPath() {
    return root + "/cache/projections";
  }

  String stagingPath() {
    return root + "/cache/_staging";
  }

  public Dataset<Row> features(SparkSession spark) {
    return delta(spark, featuresPath());
  }

  public Dataset<Row> answers(SparkSession spark) {
    return delta(spark, answersPath());
  }

  public Dataset<Row> structure(SparkSession spark) {
    return delta(spark, structurePath());
  }

  /**
   * How many maps of logits a plain segmenter gave, one of them looked at.
   *
   * @return empty of a promptable teacher, of a bare encoder, and where nothing is cached
   */
  public OptionalInt segmentedClasses(SparkSession spark, TeacherSpec teacher) {
    if (teacher.promptable() || !teacher.answers()) {
      return OptionalInt.empty();
    }
    List<Row> one =
        answers(spark)
            .where(col(DECODER_DIGEST).equalTo(teacher.decoderDigest().hex()))
            .where(col(LOGITS).isNotNull())
            .select(element_at(col(LOGITS + ".shape"), 1))
            .limit(1)
            .collectAsList();
    return one.isEmpty() ? OptionalInt.empty() : OptionalInt.of(one.get(0).getInt(0));
  }

  /** The samples as they are: {@link #keyed(Dataset, CacheKeys, Collection)} in no other view. */
  public static Dataset<Row> keyed(Dataset<Row> samples, CacheKeys keys) {
    return keyed(samples, keys, View.ONLY_IDENTITY);
  }

  /**
   * Samples × views: each sample of split train once a view, the others once, as they are; with the
   * columns {@code view}, {@code feature_key}, {@code prompt_fingerprint} and {@code structure_key}
   * added: what joins a sample to its rows. Answers are joined on feature key, prompt fingerprint
   * and {@code decoder_digest = spec.decoderDigest()}.
   */
  public static Dataset<Row> keyed(Dataset<Row> samples, CacheKeys keys, Collection<View> views) {
    var structureKey = udf((UDF1<String, String>) keys::structureKey, DataTypes.StringType);
    return seen(withPrompts(samples, keys), views)
        .withColumn(FEATURE_KEY, featureKey(keys))
        .withColumn(STRUCTURE_KEY, structureKey.apply(col(FEATURE_KEY)));
  }

  /** No mask is read for it: the samples have their digests, and most plans read no labels. */
  private static Dataset<Row> withPrompts(Dataset<Row> samples, CacheKeys keys) {
    if (!keys.asksOfLabels()) {
      return samples.withColumn(
          PROMPT_FINGERPRINT, lit(keys.labelledFingerprint(Optional.empty())));
    }
    var prompts =
        udf(
            (UDF1<String, String>) sha256 -> keys.labelledFingerprint(Optional.ofNullable(sha256)),
            DataTypes.StringType);
    boolean known = List.of(samples.columns()).contains(Samples.MASK_SHA256);
    Dataset<Row> asked =
        Samples.withMaskDigest(samples)
            .withColumn(PROMPT_FINGERPRINT, prompts.apply(col(Samples.MASK_SHA256)));
    return known ? asked : asked.drop(Samples.MASK_SHA256);
  }

  /** The key of rows with content_sha256, tile and view. */
  static Column featureKey(CacheKeys keys) {
    return udf(
            (UDF3<String, Row, String, String>)
                (sha256, tile, view) ->
                    keys.featureKey(
                        sha256, Optional.ofNullable(tile).map(Tile::read), View.of(view)),
            DataTypes.StringType)
        .apply(col("content_sha256"), col(Samples.TILE), col(VIEW));
  }

  /**
   * Samples of split train once a view, the others as they are: nobody learns from these, and they
   * are scored as they are.
   */
  static Dataset<Row> seen(Dataset<Row> samples, Collection<View> views) {
    if (View.ONLY_IDENTITY.equals(View.ordered(views))) {
      return samples.withColumn(VIEW, lit(View.IDENTITY.text()));
    }
    Column[] names =
        View.ordered(views).stream().map(view -> lit(view.text())).toArray(Column[]::new);
    Column asItIs = array(lit(View.IDENTITY.text()));
    Column training = col("split").equalTo(Split.TRAIN.label());
    return samples.withColumn(VIEW, explode(when(training, array(names)).otherwise(asItIs)));
  }

  /**
   * Which of the samples, in which view, have features, structure and answers.
   *
   * @param keyed samples of {@link #keyed}
   */
  Dataset<Row> cached(SparkSession spark, Dataset<Row> keyed, CacheKeys keys) {
    Dataset<Row> done =
        keyed
            .join(features(spark), new String[] {FEATURE_KEY}, "left_semi")
            .join(structure(spark), new String[] {STRUCTURE_KEY}, "left_semi");
    if (!keys.answers()) {
      return done;
    }
    Dataset<Row> answers = Questions.answered(answers(spark), keys);
    return done.join(answers, new String[] {FEATURE_KEY, PROMPT_FINGERPRINT}, "left_semi");
  }

  /** The answers of the keys' decoder, whatever was asked. */
  static Dataset<Row> answersOf(Dataset<Row> answers, CacheKeys keys) {
    return answers.filter(col(DECODER_DIGEST).equalTo(keys.spec().decoderDigest().hex()));
  }

  /** The tensor column of a layer: {@code layer_} and its name, other characters as {@code _}. */
  public static String layerColumn(String layer) {
    return LAYER + layer.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_");
  }

  /**
   * @throws IllegalArgumentException where two layers of the teacher would share a column
   */
  static StructType featuresType(TeacherSpec spec) {
    var type =
        new StructType()
            .add(FEATURE_KEY, DataTypes.StringType)
            .add("content_sha256", DataTypes.StringType)
            .add(Samples.TILE, Tile.TYPE)
            .add("teacher", DataTypes.StringType)
            .add("encoder_digest", DataTypes.StringType)
            .add("preprocessing", DataTypes.StringType)
            .add(VIEW, DataTypes.StringType)
            .add(Encoding.COLUMN, DataTypes.StringType);
    Map<String, String> taken = new HashMap<>();
    for (String layer : spec.layers()) {
      String other = taken.put(layerColumn(layer), layer);
      if (other != null) {
        throw new IllegalArgumentException(
            "Invalid layers of teacher %s: '%s' and '%s' share the column %s. Rename one."
                .formatted(spec.name(), other, layer, layerColumn(layer)));
      }
      type = type.add(layerColumn(layer), TensorColumn.TYPE);
    }
    return type;
  }

  /** The table's newest version, −1 where there is none. */
  static long version(SparkSession spark, String path) {
    return newest(spark, path).version();
  }

  /** The table as it is now; of version −1 where there is none. */
  static Snapshot newest(SparkSession spark, String path) {
    return DeltaLog.forTable(spark, path).update(false, Option.empty(), Option.empty());
  }

  static Dataset<Row> delta(SparkSession spark, String path) {
    return spark.read().format("delta").load(path);
  }
}
