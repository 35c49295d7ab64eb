package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;

import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * The answers table by its questions. A question is what an image was asked in one go, a feature
 * key and a prompt fingerprint; its answer may be many rows, each of which says how many there are.
 * With fewer the question is open: what is left of a damaged file is no answer.
 */
final class Questions {
  /** Rows that the question has in all; null in rows of before there was such a count. */
  static final String OF = "of";

  private Questions() {}

  /**
   * What the keys' decoder has answered whole, one row a question. Of rows without a count one
   * tells that they are all there. There may be more rows than were counted: where another device
   * kept other prompts when it was asked about the lost ones.
   */
  static Dataset<Row> answered(Dataset<Row> answers, CacheKeys keys) {
    Dataset<Row> own = rows(answers, keys);
    if (!keys.spec().promptable()) {
      return own.select(CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT);
    }
    return own.groupBy(CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT)
        .agg(count(lit(1)).as("there"), max(OF).as(OF))
        .where(col("there").geq(coalesce(col(OF), lit(1))))
        .drop("there", OF);
  }

  /**
   * The rows of the keys' decoder, with {@link #OF}. Where the plan reads no labels there is one
   * fingerprint, and rows of other plans go here, before anything is sent round.
   */
  static Dataset<Row> rows(Dataset<Row> answers, CacheKeys keys) {
    Dataset<Row> own = CacheTables.answersOf(withCount(answers), keys);
    return keys.asksOfLabels()
        ? own
        : own.where(
            col(CacheTables.PROMPT_FINGERPRINT)
                .equalTo(keys.labelledFingerprint(Optional.empty())));
  }

  /** Tables that no run has written to since there is such a count lack the column. */
  static Dataset<Row> withCount(Dataset<Row> answers) {
    return Arrays.asList(answers.columns()).contains(OF)
        ? answers
        : answers.withColumn(OF, lit(null).cast(DataTypes.IntegerType));
  }
}
