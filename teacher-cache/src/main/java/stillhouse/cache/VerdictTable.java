package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max_by;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;

import java.sql.Timestamp;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.Samples;

/**
 * What reviewers said of samples, append-only: of a sample the verdict of the highest revision
 * holds. A verdict that is the one that holds already is not added.
 */
public final class VerdictTable {
  public static final String VERDICT = "verdict";
  public static final String WEIGHT = "weight";
  public static final String SOURCE = "source";
  public static final String NOTE = "note";
  private static final String KEY = "verdict_key";
  private static final String REVISION = "revision";

  /** What a reviewer gives. */
  public static final StructType GIVEN =
      new StructType()
          .add(Samples.SAMPLE_ID, DataTypes.StringType)
          .add(VERDICT, DataTypes.StringType)
          .add(WEIGHT, DataTypes.DoubleType)
          .add(SOURCE, DataTypes.StringType)
          .add(NOTE, DataTypes.StringType);

  private static final StructType SCHEMA =
      new StructType(GIVEN.fields())
          .add(KEY, DataTypes.StringType)
          .add(REVISION, DataTypes.IntegerType)
          .add(Samples.AT, DataTypes.TimestampType);

  private VerdictTable() {}

  /** Where it lies in a workspace. */
  public static String path(String root) {
    return root + "/tables/verdicts";
  }

  /** The table's newest version; −1 where no verdict was ever brought in. */
  public static long version(SparkSession spark, String root) {
    return CacheTables.version(spark, path(root));
  }

  /** The verdict that held of each sample at a version of the table: of {@link #GIVEN}. */
  public static Dataset<Row> at(SparkSession spark, String root, long version) {
    return holding(spark.read().format("delta").option("versionAsOf", version).load(path(root)))
        .select(columns(GIVEN));
  }

  private static Dataset<Row> holding(Dataset<Row> table) {
    Column all = struct(columns(SCHEMA));
    // Two writers may have given a sample one revision: the later, and of one moment one of them.
    Column order = struct(col(REVISION), col(Samples.AT), col(KEY));
    return table
        .groupBy(Samples.SAMPLE_ID)
        .agg(max_by(all, order).as("last"))
        .select("last.*")
        .select(columns(SCHEMA));
  }

  /**
   * Adds the verdicts that differ from those that hold, all of them or none.
   *
   * @param given of {@link #GIVEN}, one a sample, valid
   * @return how many were added
   */
  public static long append(SparkSession spark, String root, Dataset<Row> given, Timestamp at) {
    String path = path(root);
    AppendOnce.create(spark, path, SCHEMA);
    Dataset<Row> now = holding(CacheTables.delta(spark, path)).as("now");
    Column same = lit(true);
    for (String column : List.of(VERDICT, WEIGHT, SOURCE, NOTE)) {
      same = same.and(col("given." + column).eqNullSafe(col("now." + column)));
    }
    Dataset<Row> changed =
        given
            .as("given")
            .join(now, col("given.sample_id").equalTo(col("now.sample_id")), "left")
            .where(col("now.sample_id").isNull().or(not(same)))
            .select(col("given.*"), coalesce(col("now.revision"), lit(0)).plus(lit(1)).as(REVISION))
            .withColumn(Samples.AT, lit(at))
            .withColumn(KEY, key());
    return ReviewTable.append(spark, path, SCHEMA, changed, Samples.SAMPLE_ID, KEY);
  }

  /** The same verdict, brought in by two at once, is one. */
  private static Column key() {
    Column[] parts =
        List.of(Samples.SAMPLE_ID, REVISION, VERDICT, WEIGHT, SOURCE, NOTE).stream()
            .map(name -> coalesce(col(name).cast(DataTypes.StringType), lit("")))
            .map(text -> concat_ws(":", length(text), text))
            .toArray(Column[]::new);
    return sha2(concat_ws("|", parts), 256);
  }

  private static Column[] columns(StructType type) {
    return Arrays.stream(type.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
  }
}
