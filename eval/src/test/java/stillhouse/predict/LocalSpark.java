package stillhouse.predict;

import org.apache.spark.sql.SparkSession;

/** Sessions of tests: queries over a few rows are interpreted, and planned once. */
final class LocalSpark {
  private LocalSpark() {}

  static SparkSession open(int threads, int partitions) {
    return SparkSession.builder()
        .master("local[" + threads + "]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.shuffle.partitions", partitions)
        .getOrCreate();
  }
}
