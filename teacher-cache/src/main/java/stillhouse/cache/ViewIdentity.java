package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * Which rows go into a view, as a digest that does not depend on their order and never leaves the
 * executors row by row: for each split the count, and over two independent 64-bit hashes of each
 * row's (sample_id, split, weight, content, mask, feature key) the sums of both halves and the xor.
 *
 * @param rows per split
 */
record ViewIdentity(Sha256 digest, SortedMap<String, Long> rows) {

  static ViewIdentity of(ViewRequest request, Dataset<Row> rows) {
    Dataset<Row> hashed =
        rows.select(col("split"), col("sample_id"), hash("a").alias("a"), hash("b").alias("b"));
    Dataset<Row> sums =
        hashed
            .groupBy(col("split"))
            .agg(
                count(lit(1)).alias("rows"),
                countDistinct(col("sample_id")).alias("distinct"),
                sum(low("a")),
                sum(high("a")),
                expr("bit_xor(a)"),
                sum(low("b")),
                sum(high("b")),
                expr("bit_xor(b)"))
            .orderBy(col("split"));
    Fingerprint print = request.fingerprint();
    SortedMap<String, Long> counts = new TreeMap<>();
    for (Row split : sums.collectAsList()) { // one row a split
      requireDistinct(split);
      counts.put(split.getString(0), split.getLong(1));
      print.add("rows", split.toSeq().mkString(" "));
    }
    if (counts.isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot make a training view of 0 rows. Run the cache job first, or check that its"
              + " teacher is the one asked for: "
              + request.sortedProvenance());
    }
    return new ViewIdentity(print.digest(), counts);
  }

  long allRows() {
    return rows.values().stream().mapToLong(Long::longValue).sum();
  }

  private static void requireDistinct(Row split) {
    if (split.getLong(1) != split.getLong(2)) {
      throw new IllegalArgumentException(
          "Invalid rows of a training view: split '"
              + split.getString(0)
              + "' has "
              + split.getLong(1)
              + " rows of "
              + split.getLong(2)
              + " samples. Join one features, one structure row to a sample.");
    }
  }

  // xxhash64 skips nulls, so a missing mask has to say so itself.
  private static Column hash(String salt) {
    return xxhash64(
        lit(salt),
        col("sample_id"),
        col("split"),
        col("weight"),
        col("content_sha256"),
        coalesce(col("feature_key"), lit("")),
        when(col("mask").isNull(), lit(0)).otherwise(lit(1)),
        col("mask"));
  }

  private static Column low(String hash) {
    return col(hash).bitwiseAND(lit(0xffffffffL));
  }

  private static Column high(String hash) {
    return shiftrightunsigned(col(hash), 32);
  }
}
