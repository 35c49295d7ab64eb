package stillhouse.cache;

import static org.apache.spark.sql.functions.col;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;

/**
 * Which version of a registered model is its champion: a row a promotion, append-only, the highest
 * generation holds. A generation is given once: of two promoters that saw the same one before them,
 * the table takes one's row.
 */
public final class PromotionTable {
  private static final String MODEL = "model";
  private static final String GENERATION = "generation";
  private static final String VARIANT = "variant";

  /** docs/formats.md says what each column holds. */
  static final StructType SCHEMA =
      new StructType()
          .add("promotion_id", DataTypes.StringType)
          .add(MODEL, DataTypes.StringType)
          .add(GENERATION, DataTypes.LongType)
          .add("version", DataTypes.StringType)
          .add("previous_version", DataTypes.StringType)
          .add("run", DataTypes.StringType)
          .add("mlflow_run", DataTypes.StringType)
          .add("onnx_sha256", DataTypes.StringType)
          .add("split", DataTypes.StringType)
          .add("samples", DataTypes.StringType)
          .add("figures", DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType))
          .add("at", DataTypes.TimestampType)
          .add(VARIANT, DataTypes.StringType);

  private final SparkSession spark;
  private final String path;

  private PromotionTable(SparkSession spark, String path) {
    this.spark = spark;
    this.path = path;
  }

  /**
   * @param root the workspace
   */
  public static PromotionTable of(SparkSession spark, String root) {
    return new PromotionTable(spark, root + "/tables/promotions");
  }

  /** The row that holds of a model; empty where none was ever promoted. */
  public Optional<Promotion> last(String model) {
    if (CacheTables.version(spark, path) < 0) {
      return Optional.empty();
    }
    Dataset<Row> rows = CacheTables.delta(spark, path).where(col(MODEL).equalTo(model));
    return rows.orderBy(col(GENERATION).desc()).limit(1).collectAsList().stream()
        .map(PromotionTable::read)
        .findFirst();
  }

  /** By which one knows the table, wherever its workspace is moved; empty where there is none. */
  public Optional<String> id() {
    Snapshot now = CacheTables.newest(spark, path);
    return now.version() < 0 ? Optional.empty() : Optional.of(now.metadata().id());
  }

  /** Makes the table where there is none; its id. */
  public String create() {
    AppendOnce.create(spark, path, SCHEMA);
    return id().orElseThrow();
  }

  /** The models that were ever promoted, by name. */
  public List<String> models() {
    return CacheTables.version(spark, path) < 0
        ? List.of()
        : CacheTables.delta(spark, path)
            .select(MODEL)
            .distinct()
            .orderBy(MODEL)
            .collectAsList()
            .stream()
            .map(row -> row.getString(0))
            .toList();
  }

  /**
   * Commits a promotion, unless its generation is taken.
   *
   * @return the row of that generation as the table has it: the promotion itself, or the one that
   *     was first
   */
  public Promotion append(Promotion promotion) {
    AppendOnce.create(spark, path, SCHEMA);
    String app = "stillhouse-promotion-" + UUID.randomUUID();
    new AppendOnce(spark, path, app, MODEL, MODEL, GENERATION)
        .append(spark.createDataFrame(List.of(row(promotion)), SCHEMA));
    List<Row> there =
        CacheTables.delta(spark, path)
            .where(col(MODEL).equalTo(promotion.model()))
            .where(col(GENERATION).equalTo(promotion.generation()))
            .collectAsList();
    if (there.size() != 1) {
      throw new IllegalStateException(
          "Cannot tell who promoted generation %d of model %s: %s has %d rows of it (must be 1)"
              .formatted(promotion.generation(), promotion.model(), path, there.size()));
    }
    return read(there.get(0));
  }

  private static Row row(Promotion p) {
    return RowFactory.create(
        p.id(),
        p.model(),
        p.generation(),
        p.version(),
        p.previousVersion(),
        p.run(),
        p.mlflowRun(),
        p.onnxSha256(),
        p.split(),
        p.samples(),
        JavaConverters.mapAsScalaMap(p.figures()),
        p.at(),
        p.variant());
  }

  private static String variant(Row row) {
    String variant =
        List.of(row.schema().fieldNames()).contains(VARIANT) ? row.getAs(VARIANT) : null;
    return Objects.requireNonNullElse(variant, Promotion.FP32);
  }

  private static Promotion read(Row row) {
    return new Promotion(
        row.getAs("promotion_id"),
        row.getAs(MODEL),
        row.<Long>getAs(GENERATION),
        row.getAs("version"),
        row.getAs("previous_version"),
        row.getAs("run"),
        variant(row),
        row.getAs("mlflow_run"),
        row.getAs("onnx_sha256"),
        row.getAs("split"),
        row.getAs("samples"),
        row.getJavaMap(row.fieldIndex("figures")),
        row.getTimestamp(row.fieldIndex("at")));
  }
}
