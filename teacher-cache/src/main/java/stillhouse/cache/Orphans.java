package stillhouse.cache;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Rows of answers or structure that are there without the features that they were made from. */
final class Orphans {
  private Orphans() {}

  /**
   * Their keys, of features none. Key columns alone are read: a damaged page elsewhere in a file
   * does not stop them.
   */
  static Dataset<Row> of(CacheTable table, CacheTables tables, SparkSession caller) {
    SparkSession lenient = DamageScan.session(caller);
    Dataset<Row> rows = CacheTables.delta(lenient, table.path(tables));
    if (table == CacheTable.FEATURES) {
      return rows.select(table.key()).limit(0);
    }
    return rows.select(table.key(), CacheTables.FEATURE_KEY)
        .join(
            tables.features(lenient).select(CacheTables.FEATURE_KEY),
            new String[] {CacheTables.FEATURE_KEY},
            "left_anti")
        .select(table.key());
  }
}
