package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.stream.Stream;
import org.apache.spark.sql.Column;

/**
 * What tells sets of rows apart whatever their order, without a row that leaves the executors: of
 * two independent 64-bit hashes a row, the sums of both halves and the xor. A digest of sorted rows
 * would cost a sort of all of them; this one does not withstand someone who looks for a collision.
 */
public final class RowHashes {
  private RowHashes() {}

  /**
   * The two hashes of each row, as columns {@code a} and {@code b}.
   *
   * @param columns xxhash64 skips nulls: where one may be null, something must say so
   */
  public static Column[] of(Column... columns) {
    return new Column[] {salted("a", columns), salted("b", columns)};
  }

  /**
   * Their sums and xors, six aggregates.
   *
   * @param others aggregates that go before them
   */
  public static Column[] sums(Column... others) {
    return Stream.concat(Stream.of(others), Stream.of("a", "b").flatMap(RowHashes::sums))
        .toArray(Column[]::new);
  }

  private static Column salted(String salt, Column... columns) {
    return xxhash64(Stream.concat(Stream.of(lit(salt)), Stream.of(columns)).toArray(Column[]::new))
        .as(salt);
  }

  private static Stream<Column> sums(String hash) {
    return Stream.of(
        sum(col(hash).bitwiseAND(lit(0xffffffffL))),
        sum(shiftrightunsigned(col(hash), 32)),
        expr("bit_xor(" + hash + ")"));
  }
}
