package stillhouse.jobs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import stillhouse.cache.RowHashes;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * Which images a score is of. The digest covers the classes' names and, by {@link RowHashes}, of
 * every image its id, content, group and mask.
 *
 * @param images how many
 */
record SampleSet(Sha256 digest, long images) {
  /**
   * @param rows with sample_id, content_sha256, group_id and mask, none of them null but group_id
   */
  static SampleSet of(List<String> classes, Dataset<Row> rows) {
    Row sums =
        rows.select(
                RowHashes.of(
                    col("sample_id"),
                    col("content_sha256"),
                    coalesce(col("group_id"), lit("")),
                    col("mask")))
            .agg(count(lit(1)), RowHashes.sums())
            .first();
    Sha256 digest =
        Fingerprint.of("sample set 1")
            .add("classes", String.join("\n", classes))
            .add("rows", sums.toSeq().mkString(" "))
            .digest();
    return new SampleSet(digest, sums.getLong(0));
  }
}
