package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_distinct;
import static org.apache.spark.sql.functions.max;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Questions of which fewer answers are there than were given: what a lost row leaves behind. */
record Incomplete(Dataset<Row> questions) {
  private static final String THERE = "there";

  /**
   * @param answers rows of every teacher and plan; those of before there were counts tell nothing
   */
  static Incomplete of(Dataset<Row> answers) {
    return new Incomplete(
        Questions.withCount(answers)
            .groupBy(
                CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT, CacheTables.DECODER_DIGEST)
            .agg(
                count_distinct(col(CacheTables.ANSWER_KEY)).as(THERE),
                max(Questions.OF).as(Questions.OF))
            .where(col(THERE).lt(col(Questions.OF))));
  }

  long count() {
    return questions.count();
  }

  List<String> examples(int most) {
    return questions.orderBy(CacheTables.FEATURE_KEY).limit(most).collectAsList().stream()
        .map(
            row ->
                "answers: %d of %d answers about features %s are there"
                    .formatted(
                        row.<Long>getAs(THERE),
                        row.<Integer>getAs(Questions.OF),
                        row.<String>getAs(CacheTables.FEATURE_KEY)))
        .toList();
  }
}
