package stillhouse.jobs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * Which images a score is of. The digest covers the classes' names and, of every image, its id,
 * content, group and mask; it does not depend on the rows' order, and no row leaves the executors:
 * it is taken over the count and, of two independent 64-bit hashes a row, the sums of both halves
 * and the xor. A digest of sorted rows would cost a sort of every mask; this one tells what ingest
 * can change, it does not withstand someone who looks for a collision.
 *
 * @param images how many
 */
record SampleSet(Sha256 digest, long images) {
  /**
   * @param rows with sample_id, content_sha256, group_id and mask, none of them null but group_id
   */
  static SampleSet of(List<String> classes, Dataset<Row> rows) {
    Row sums =
        rows.select(hash("a").as("a"), hash("b").as("b"))
            .agg(
                count(lit(1)),
                sum(low("a")),
                sum(high("a")),
                expr("bit_xor(a)"),
                sum(low("b")),
                sum(high("b")),
                expr("bit_xor(b)"))
            .first();
    Sha256 digest =
        Fingerprint.of("sample set 1")
            .add("classes", String.join("\n", classes))
            .add("rows", sums.toSeq().mkString(" "))
            .digest();
    return new SampleSet(digest, sums.getLong(0));
  }

  private static Column hash(String salt) {
    return xxhash64(
        lit(salt),
        col("sample_id"),
        col("content_sha256"),
        coalesce(col("group_id"), lit("")), // xxhash64 skips nulls
        col("mask"));
  }

  private static Column low(String hash) {
    return col(hash).bitwiseAND(lit(0xffffffffL));
  }

  private static Column high(String hash) {
    return shiftrightunsigned(col(hash), 32);
  }
}
