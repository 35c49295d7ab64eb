package stillhouse.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.sum;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import stillhouse.metrics.Confusion;
import stillhouse.metrics.ConfusionCounter;

/**
 * The column of {@link ImageTable} that says which classes an image's pixels are taken for: a
 * struct a pair of classes that it has. An image has few of (K + 1)² pairs.
 */
final class ConfusionColumn {
  private static final String NAME = "confusion";
  private static final StructType CELL =
      new StructType()
          .add("actual_class", DataTypes.IntegerType, false)
          .add("predicted_class", DataTypes.IntegerType, false)
          .add("pixels", DataTypes.LongType, false);

  static final StructField FIELD =
      DataTypes.createStructField(NAME, DataTypes.createArrayType(CELL, false), false);

  private ConfusionColumn() {}

  static Row[] of(List<ConfusionCounter.Cell> cells) {
    return cells.stream()
        .map(c -> RowFactory.create(c.actual(), c.predicted(), c.pixels()))
        .toArray(Row[]::new);
  }

  /**
   * Sums a table on the executors: the driver is told (K + 1)² numbers at most.
   *
   * @return empty of a table from before it was counted
   */
  static Optional<Confusion> sumOf(SparkSession spark, String path, int classes) {
    Dataset<Row> table = spark.read().parquet(path);
    if (!Arrays.asList(table.columns()).contains(NAME)) {
      return Optional.empty();
    }
    List<ConfusionCounter.Cell> cells =
        table
            .select(explode(col(NAME)).as("cell"))
            .select("cell.*")
            .groupBy("actual_class", "predicted_class")
            .agg(sum("pixels"))
            .collectAsList()
            .stream()
            .map(r -> new ConfusionCounter.Cell(r.getInt(0), r.getInt(1), r.getLong(2)))
            .toList();
    return Optional.of(Confusion.of(classes, cells));
  }
}
