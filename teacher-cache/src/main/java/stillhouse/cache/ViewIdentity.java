package stillhouse.cache;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import stillhouse.data.Split;
import stillhouse.data.View;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * Which rows go into a view: for each split the count, and {@link RowHashes} of each row's
 * (sample_id, split, weight, content, mask, feature key), and its view where there are several.
 *
 * @param rows per split
 */
record ViewIdentity(Sha256 digest, SortedMap<String, Long> rows) {

  static ViewIdentity of(ViewRequest request, Dataset<Row> rows) {
    Dataset<Row> sums = sums(request.plain(), rows).orderBy(col("split"));
    Fingerprint print = request.fingerprint();
    SortedMap<String, Long> counts = new TreeMap<>();
    for (Row split : sums.collectAsList()) { // one row a split
      requireDistinct(split);
      if (!request.plain()) {
        requireEachView(split, request.views());
      }
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

  private static Dataset<Row> sums(boolean plain, Dataset<Row> rows) {
    Column id = col("sample_id");
    Column unit = plain ? id : concat_ws(" ", col(CacheTables.VIEW), id);
    Column[] hashes = hashes(unit);
    List<Column> sums = new ArrayList<>();
    sums.addAll(List.of(RowHashes.sums(countDistinct(col("unit")).alias("distinct"))));
    if (!plain) {
      sums.add(countDistinct(id).alias("samples"));
    }
    return rows.select(col("split"), id, unit.as("unit"), hashes[0], hashes[1])
        .groupBy(col("split"))
        .agg(count(lit(1)).alias("rows"), sums.toArray(Column[]::new));
  }

  /** Of split train, which the layout counts on. */
  private static void requireEachView(Row split, List<View> views) {
    long samples = split.getAs("samples");
    boolean training = split.getString(0).equals(Split.TRAIN.label());
    if (split.getLong(1) != samples * (training ? views.size() : 1)) {
      throw new IllegalArgumentException(
          "Invalid rows of a training view: split '%s' has %d rows of %d samples in the views %s. Give each training sample a row in each, the others one."
              .formatted(split.getString(0), split.getLong(1), samples, views));
    }
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

  private static Column[] hashes(Column unit) {
    return RowHashes.of(
        unit,
        col("split"),
        col("weight"),
        col("content_sha256"),
        coalesce(col("feature_key"), lit("")),
        when(col("mask").isNull(), lit(0)).otherwise(lit(1)),
        col("mask"));
  }
}
