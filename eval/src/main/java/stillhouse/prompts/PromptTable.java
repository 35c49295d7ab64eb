package stillhouse.prompts;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.Samples;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.MeanCounts;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedDraws;
import stillhouse.predict.ImageTable;

/**
 * What a {@link PromptEvaluation} found, as Parquet: one row an image. What is told of it are sums,
 * made on the executors.
 */
final class PromptTable {
  /** Where an image's features came from. */
  static final String CACHED = "cached";

  static final String ASKED = "asked";

  private static final String FEATURES = "features";
  private static final String OBJECTS = "objects";
  private static final String FILLED = "filled_boxes";
  private static final String LEFT_OUT = "left_out";
  private static final String NANOS = "decoder_nanos";
  private static final String FAILURE = "failure";
  private static final int EXAMPLES = 10;

  static final StructType SCHEMA =
      ImageTable.counted()
          .add(Samples.IMAGE_URI, DataTypes.StringType, false)
          .add(FEATURES, DataTypes.StringType, false)
          .add(OBJECTS, DataTypes.IntegerType, false)
          .add(FILLED, DataTypes.DoubleType, false)
          .add(LEFT_OUT, DataTypes.IntegerType, false)
          .add(NANOS, DataTypes.createArrayType(DataTypes.LongType, false), false)
          .add(FAILURE, DataTypes.StringType, true);

  private PromptTable() {}

  static Row scored(Row sample, String features, ImageScore score) {
    return row(sample, features, score, null);
  }

  static Row failed(Row sample, String features, PromptProtocol protocol, String why) {
    ImageCounts none = new MeanCounts(protocol.slots()).counts();
    return row(sample, features, new ImageScore(none, 0, 0, 0, new long[0]), why);
  }

  private static Row row(Row sample, String features, ImageScore score, String failure) {
    List<Object> values =
        new ArrayList<>(
            ImageTable.countedValues(
                sample.getAs(Samples.SAMPLE_ID), sample.getAs(Samples.GROUP_ID), score.counts()));
    values.add(sample.getAs(Samples.IMAGE_URI));
    values.add(features);
    values.add(score.objects());
    values.add(score.filledBoxes());
    values.add(score.leftOut());
    values.add(score.nanos());
    values.add(failure);
    return RowFactory.create(values.toArray());
  }

  /** All of it that is told, from the table at {@code path}. */
  static PromptResult result(
      SparkSession spark, String path, PromptProtocol protocol, PairedBootstrap bootstrap) {
    Dataset<Row> rows = spark.read().schema(SCHEMA).parquet(path);
    Dataset<Row> well = rows.where(col(FAILURE).isNull());
    Row sums =
        well.agg(
                count(lit(1)),
                count(when(col(FEATURES).equalTo(CACHED), 1)),
                coalesce(sum(OBJECTS), lit(0L)),
                coalesce(sum(LEFT_OUT), lit(0L)),
                coalesce(sum(FILLED), lit(0.0)))
            .first();
    return new PromptResult(
        protocol,
        sums.getLong(0),
        sums.getLong(1),
        sums.getLong(2),
        sums.getLong(2) == 0
            ? OptionalDouble.empty()
            : OptionalDouble.of(sums.getDouble(4) / sums.getLong(2)),
        sums.getLong(3),
        failures(rows),
        sums.getLong(2) == 0 ? List.of() : means(spark, well, protocol, bootstrap),
        decoder(well));
  }

  private static List<PromptResult.Question> means(
      SparkSession spark, Dataset<Row> well, PromptProtocol protocol, PairedBootstrap bootstrap) {
    PairedDraws draws = ImageTable.draws(spark, well.where(col(OBJECTS).gt(0)), bootstrap);
    List<PromptResult.Question> questions = new ArrayList<>();
    List<String> names = protocol.questions();
    for (int q = 0; q < names.size(); q++) {
      questions.add(PromptResult.Question.of(names.get(q), q, draws));
    }
    return questions;
  }

  private static PromptResult.Failures failures(Dataset<Row> rows) {
    Dataset<Row> failed = rows.where(col(FAILURE).isNotNull());
    List<String> examples =
        failed
            .select(Samples.SAMPLE_ID, Samples.IMAGE_URI, FAILURE)
            .orderBy(Samples.SAMPLE_ID)
            .limit(EXAMPLES)
            .collectAsList()
            .stream()
            .map(
                row ->
                    "sample %s (%s): %s"
                        .formatted(row.getString(0), row.getString(1), row.getString(2)))
            .toList();
    return new PromptResult.Failures(examples.isEmpty() ? 0 : failed.count(), examples);
  }

  private static PromptResult.Decoder decoder(Dataset<Row> well) {
    Row found =
        well.select(explode(col(NANOS)).as(NANOS))
            .agg(
                count(lit(1)),
                expr("percentile_approx(%s, array(0.5D, 0.9D), 10000)".formatted(NANOS)))
            .first();
    if (found.isNullAt(1)) {
      return new PromptResult.Decoder(0, 0, 0);
    }
    List<Long> shares = found.getList(1);
    return new PromptResult.Decoder(found.getLong(0), shares.get(0) * 1e-6, shares.get(1) * 1e-6);
  }
}
