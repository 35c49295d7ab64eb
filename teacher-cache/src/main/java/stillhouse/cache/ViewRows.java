package stillhouse.cache;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructType;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;
import stillhouse.data.Split;
import stillhouse.data.View;
import stillhouse.structure.StructureTensor;
import stillhouse.teacher.MapExtent;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.TensorColumn;

/**
 * Samples joined to what a teacher said of them: what a training view is made of. All joins are by
 * {@code feature_key}, so each side crosses the network once; features and structure do so at the
 * view's grid, not at the teacher's.
 */
public final class ViewRows {
  /** Names, in the metadata of the column embedding, how many channels each of its maps has. */
  static final String CHANNELS = "channels";

  /** An element of {@code answers}. */
  static final StructType ANSWER =
      new StructType().add("class_id", DataTypes.IntegerType).add("logits", TensorColumn.TYPE);

  /** The columns that {@link TrainingView#materialise} reads; {@link #cached} has more. */
  public static final StructType TYPE =
      new StructType()
          .add("sample_id", DataTypes.StringType)
          .add("image_uri", DataTypes.StringType)
          .add("content_sha256", DataTypes.StringType)
          .add("split", DataTypes.StringType)
          .add(CacheTables.FEATURE_KEY, DataTypes.StringType)
          .add("weight", DataTypes.DoubleType)
          .add("mask", DataTypes.BinaryType)
          .add("embedding", TensorColumn.TYPE)
          .add("e", TensorColumn.TYPE)
          .add("c", TensorColumn.TYPE)
          .add("d", TensorColumn.TYPE)
          .add("answers", DataTypes.createArrayType(ANSWER));

  private static final String SEEN_WIDTH = "seen_width";
  private static final String SEEN_HEIGHT = "seen_height";
  private static final Object[] TURNED =
      Arrays.stream(View.values()).filter(View::swapsSides).map(View::text).toArray();

  private ViewRows() {}

  /**
   * Every sample that is cached whole under {@code keys}, in each of the request's views: its
   * columns, {@code view}, {@code embedding}, {@code e}, {@code c}, {@code d} and {@code answers},
   * the last where the teacher gives any. Maps finer than the request's grid are on it already.
   */
  public static Dataset<Row> cached(
      SparkSession spark, String root, CacheKeys keys, ViewRequest request) {
    CacheTables tables = CacheTables.of(root);
    Dataset<Row> keyed = CacheTables.keyed(tables.samples(spark), keys, request.views());
    Dataset<Row> samples = keys.answers() ? answered(keyed, tables.answers(spark), keys) : keyed;
    ViewGrid grid = ViewGrid.of(request);
    Dataset<Row> rows =
        samples
            .join(embeddings(tables.features(spark), keyed, keys, grid), CacheTables.FEATURE_KEY)
            .join(structure(tables.structure(spark), keyed, keys, grid), CacheTables.FEATURE_KEY);
    if (request.plain()) {
      return rows;
    }
    Dataset<Row> whole = inEachView(tables.cached(spark, keyed, keys), request.views().size());
    return rows.join(whole, new String[] {"sample_id"}, "left_semi");
  }

  /** The samples of split train that have all their views, and the others. */
  private static Dataset<Row> inEachView(Dataset<Row> cached, int views) {
    return cached
        .groupBy("sample_id", "split")
        .count()
        .where(col("split").notEqual(Split.TRAIN.label()).or(col("count").equalTo(views)))
        .select("sample_id");
  }

  /** Rows of samples, each of split train once a view, the others as they are. */
  public static Dataset<Row> inViews(Dataset<Row> samples, List<View> views) {
    return CacheTables.seen(samples, views);
  }

  private static Dataset<Row> embeddings(
      Dataset<Row> features, Dataset<Row> keyed, CacheKeys keys, ViewGrid grid) {
    Dataset<Row> own = own(features, keys);
    Metadata channels = channels(own, keys);
    return sized(own, keyed, keys)
        .select(col(CacheTables.FEATURE_KEY), onGrid(grid, keys).as("embedding", channels));
  }

  /** The rows of the teacher's own embedding, encoded as the keys say. */
  private static Dataset<Row> own(Dataset<Row> features, CacheKeys keys) {
    String layer = CacheTables.layerColumn(keys.spec().embedding());
    requireColumn(features, layer, keys.spec());
    return features
        .where(col("encoder_digest").equalTo(keys.spec().encoderDigest().hex()))
        .where(col("preprocessing").equalTo(keys.spec().preprocessing().hex()))
        .where(col(Encoding.COLUMN).equalTo(keys.encoding().text()))
        .where(col(layer).getField("dtype").isNotNull()); // not its bytes
  }

  /**
   * Cells of a map.
   *
   * @param rows down, {@code columns} across
   */
  public record Cells(int rows, int columns) {}

  /**
   * The cells of the teacher's embedding, as it is cached. A letter-boxed teacher's maps are cut to
   * their images: of those the most rows and the most columns.
   *
   * @return empty where nothing of the teacher is cached
   * @throws ConfigException where the cache holds other teachers alone
   */
  public static Optional<Cells> cells(SparkSession spark, String root, CacheKeys keys) {
    CacheTables tables = CacheTables.of(root);
    if (CacheTables.version(spark, tables.featuresPath()) < 0) {
      return Optional.empty();
    }
    Column shape =
        col(CacheTables.layerColumn(keys.spec().embedding())).getField("shape"); // [C, h, w]
    Dataset<Row> shapes =
        own(tables.features(spark), keys)
            .select(element_at(shape, 2).as("rows"), element_at(shape, 3).as("columns"));
    Dataset<Row> looked = keys.spec().extent().isExact() ? shapes.limit(1) : shapes;
    Row most = looked.agg(max("rows"), max("columns")).first();
    return most.isNullAt(0)
        ? Optional.empty()
        : Optional.of(new Cells(most.getInt(0), most.getInt(1)));
  }

  /** A table that holds other teachers alone has no column of this one's layer. */
  private static void requireColumn(Dataset<Row> features, String column, TeacherSpec teacher) {
    List<String> there =
        Arrays.stream(features.columns()).filter(c -> c.startsWith(CacheTables.LAYER)).toList();
    if (!there.contains(column)) {
      throw new ConfigException(
          "Cannot train on layer '%s' of teacher %s: the cache has no column %s (it has %s, of other teachers). Run the cache job with this teacher, or name the one that was cached."
              .formatted(teacher.embedding(), teacher.name(), column, there));
    }
  }

  private static Dataset<Row> structure(
      Dataset<Row> structure, Dataset<Row> keyed, CacheKeys keys, ViewGrid grid) {
    Dataset<Row> own =
        structure
            .where(col("layer").equalTo(keys.spec().embedding()))
            .where(col("radius").equalTo(keys.radius()))
            .where(col("operator_version").equalTo(StructureTensor.OPERATOR_VERSION));
    MapExtent extent = keys.spec().extent();
    return sized(own, keyed, keys)
        .select(
            col(CacheTables.FEATURE_KEY),
            onGrid(grid, extent, "e"),
            onGrid(grid, extent, "c"),
            onGrid(grid, extent, "d"));
  }

  /**
   * Rows with the size of what the teacher saw, where that tells how much of a map an image covers:
   * keys and four numbers cross the network to the maps, in a broadcast while they are few.
   */
  private static Dataset<Row> sized(Dataset<Row> rows, Dataset<Row> keyed, CacheKeys keys) {
    if (keys.spec().extent().isExact()) {
      return rows;
    }
    Column turned = col(CacheTables.VIEW).isin(TURNED);
    Dataset<Row> sizes =
        keyed
            .select(
                col(CacheTables.FEATURE_KEY),
                when(turned, col(Samples.HEIGHT)).otherwise(col(Samples.WIDTH)).as(SEEN_WIDTH),
                when(turned, col(Samples.WIDTH)).otherwise(col(Samples.HEIGHT)).as(SEEN_HEIGHT))
            .dropDuplicates(new String[] {CacheTables.FEATURE_KEY});
    return rows.join(sizes, CacheTables.FEATURE_KEY);
  }

  private static Column onGrid(ViewGrid grid, MapExtent extent, String component) {
    return extent.isExact()
        ? shrunk(grid, col(component), DType.FP32).as(component)
        : placed((key, stored, seen) -> grid.placed(key, stored, DType.FP32, seen), extent)
            .apply(sized(component))
            .as(component);
  }

  private static Column onGrid(ViewGrid grid, CacheKeys keys) {
    MapExtent extent = keys.spec().extent();
    String layer = keys.spec().embedding();
    Encoding encoding = keys.encoding();
    return extent.isExact()
        ? shrunk(grid, keys)
        : placed((key, stored, seen) -> grid.placed(key, stored, encoding, layer, seen), extent)
            .apply(sized(CacheTables.layerColumn(layer)));
  }

  /** Puts a map on the grid by where its image ends in it. */
  @FunctionalInterface
  private interface Placing extends Serializable {
    Row of(String key, Row stored, ViewGrid.Seen seen);
  }

  private static UserDefinedFunction placed(Placing placing, MapExtent extent) {
    return udf(
        (UDF4<String, Row, Integer, Integer, Row>)
            (key, stored, width, height) ->
                placing.of(key, stored, new ViewGrid.Seen(extent, width, height)),
        TensorColumn.TYPE);
  }

  private static Column[] sized(String tensor) {
    return new Column[] {
      col(CacheTables.FEATURE_KEY), col(tensor), col(SEEN_WIDTH), col(SEEN_HEIGHT)
    };
  }

  private static Column shrunk(ViewGrid grid, Column tensor, DType type) {
    var function =
        udf(
            (UDF2<String, Row, Row>) (key, stored) -> grid.shrunk(key, stored, type),
            TensorColumn.TYPE);
    return function.apply(col(CacheTables.FEATURE_KEY), tensor);
  }

  /** The embedding, restored: a view has the teacher's own channels however they are cached. */
  private static Column shrunk(ViewGrid grid, CacheKeys keys) {
    String layer = keys.spec().embedding();
    Encoding encoding = keys.encoding();
    var function =
        udf(
            (UDF2<String, Row, Row>) (key, stored) -> grid.shrunk(key, stored, encoding, layer),
            TensorColumn.TYPE);
    return function.apply(col(CacheTables.FEATURE_KEY), col(CacheTables.layerColumn(layer)));
  }

  /** C from one row's shape, before anything is joined; nothing where there is no row. */
  private static Metadata channels(Dataset<Row> features, CacheKeys keys) {
    String layer = keys.spec().embedding();
    Column shape = col(CacheTables.layerColumn(layer)).getField("shape");
    List<Row> one = features.select(shape).limit(1).collectAsList();
    var metadata = new MetadataBuilder();
    one.forEach(
        row ->
            metadata.putLong(
                CHANNELS, keys.encoding().channels(layer, row.<Integer>getList(0).get(0))));
    return metadata.build();
  }

  /** Every sample whose image the teacher has encoded, and no more of it than the sample. */
  public static Dataset<Row> encoded(SparkSession spark, String root, CacheKeys keys) {
    CacheTables tables = CacheTables.of(root);
    Dataset<Row> features = tables.features(spark).select(CacheTables.FEATURE_KEY);
    return CacheTables.keyed(tables.samples(spark), keys)
        .join(features, new String[] {CacheTables.FEATURE_KEY}, "left_semi");
  }

  /**
   * Every sample whose question is answered whole, with its {@code answers}: an array of {@code
   * (class_id, logits)}, empty where there was nothing to ask. {@link CachedAnswers} reads it.
   */
  public static Dataset<Row> answered(SparkSession spark, String root, CacheKeys keys) {
    CacheTables tables = CacheTables.of(root);
    return answered(CacheTables.keyed(tables.samples(spark), keys), tables.answers(spark), keys);
  }

  private static Dataset<Row> answered(
      Dataset<Row> samples, Dataset<Row> answerTable, CacheKeys keys) {
    Dataset<Row> answers = Questions.rows(answerTable, keys);
    if (!keys.spec().promptable()) {
      Column only = array(struct("class_id", CacheTables.LOGITS));
      return samples.join(
          answers.select(col(CacheTables.FEATURE_KEY), only.as("answers")),
          CacheTables.FEATURE_KEY);
    }
    // An image whose labels changed has been asked more than once.
    Dataset<Row> asked =
        answers
            .groupBy(CacheTables.FEATURE_KEY)
            .agg(
                collect_list(struct(CacheTables.PROMPT_FINGERPRINT, Questions.OF)).as("asked"),
                collect_list(struct(CacheTables.PROMPT_FINGERPRINT, "class_id", CacheTables.LOGITS))
                    .as("said"));
    return samples
        .join(asked, CacheTables.FEATURE_KEY)
        .withColumn("asked", expr("filter(asked, a -> a.prompt_fingerprint = prompt_fingerprint)"))
        // As Questions counts them.
        .where(expr("size(asked) >= coalesce(array_max(asked.of), 1)"))
        .withColumn(
            "answers",
            // A row without logits says that there was nothing to ask.
            expr(
                "transform(filter(said, a -> a.prompt_fingerprint = prompt_fingerprint"
                    + " AND a.logits IS NOT NULL), a -> struct(a.class_id, a.logits))"))
        .drop("asked", "said");
  }

  /** The labelled samples, without a teacher's columns. */
  public static Dataset<Row> labelled(SparkSession spark, String root) {
    return CacheTables.of(root)
        .samples(spark)
        .where(col("mask").isNotNull())
        .withColumn(CacheTables.FEATURE_KEY, lit(""));
  }
}
