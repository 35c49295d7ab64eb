package stillhouse.cache;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import stillhouse.tensor.TensorColumn;

/** One of the cache's three tables. */
enum CacheTable {
  FEATURES(CacheTables.FEATURE_KEY),
  ANSWERS(CacheTables.ANSWER_KEY),
  STRUCTURE(CacheTables.STRUCTURE_KEY);

  private final String key;

  CacheTable(String key) {
    this.key = key;
  }

  /** The column that is unique in it. */
  String key() {
    return key;
  }

  /** As folders and reports call it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  String path(CacheTables tables) {
    return switch (this) {
      case FEATURES -> tables.featuresPath();
      case ANSWERS -> tables.answersPath();
      case STRUCTURE -> tables.structurePath();
    };
  }

  /** The columns of a table's type that hold tensors. */
  static List<String> tensors(StructType type) {
    return Arrays.stream(type.fields())
        .filter(field -> isTensor(field))
        .map(StructField::name)
        .toList();
  }

  private static boolean isTensor(StructField field) {
    return field.dataType() instanceof StructType type
        && Arrays.asList(type.fieldNames())
            .containsAll(Arrays.asList(TensorColumn.TYPE.fieldNames()));
  }
}
