package stillhouse.cache;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * How two rows of tensors differ.
 *
 * @param largest absolute difference of two values, in the tensors' own unit; 0 where shapes differ
 */
record TensorDifference(String what, double largest) {
  static final StructType TYPE =
      new StructType().add("what", DataTypes.StringType).add("largest", DataTypes.DoubleType);

  /**
   * @param stored tensor columns; null where there is no such row
   * @param again the same columns
   * @return the first that differs; empty where every byte is equal
   */
  static Optional<TensorDifference> of(Row stored, Row again) {
    if (stored == null || again == null) {
      String what = stored == null ? "is not in the cache" : "is in the cache and not given again";
      return Optional.of(new TensorDifference(what, 0));
    }
    for (String name : stored.schema().fieldNames()) {
      Optional<TensorDifference> difference = tensor(name, stored.getAs(name), again.getAs(name));
      if (difference.isPresent()) {
        return difference;
      }
    }
    return Optional.empty();
  }

  private static Optional<TensorDifference> tensor(String name, Row stored, Row again) {
    if (isNull(stored) || isNull(again)) {
      return isNull(stored) && isNull(again)
          ? Optional.empty()
          : Optional.of(new TensorDifference(name + ": on one side only", 0));
    }
    if (equalBytes(stored, again)) {
      return Optional.empty();
    }
    try {
      return Optional.of(values(name, TensorColumn.decode(stored), TensorColumn.decode(again)));
    } catch (IllegalArgumentException e) {
      return Optional.of(new TensorDifference(name + ": " + e.getMessage(), 0));
    }
  }

  private static boolean isNull(Row tensor) {
    return tensor == null || tensor.isNullAt(tensor.fieldIndex("dtype"));
  }

  private static boolean equalBytes(Row stored, Row again) {
    for (String field : stored.schema().fieldNames()) {
      Object a = stored.getAs(field);
      Object b = again.getAs(field);
      boolean equal =
          a instanceof byte[] bytes ? Arrays.equals(bytes, (byte[]) b) : Objects.equals(a, b);
      if (!equal) {
        return false;
      }
    }
    return true;
  }

  private static TensorDifference values(String name, FloatTensor stored, FloatTensor again) {
    if (!Arrays.equals(stored.shape(), again.shape())) {
      return new TensorDifference(
          "%s: shape %s is stored, %s given again"
              .formatted(name, Arrays.toString(stored.shape()), Arrays.toString(again.shape())),
          0);
    }
    double largest = 0;
    long differing = 0;
    for (int i = 0; i < stored.data().length; i++) {
      double difference = Math.abs((double) stored.data()[i] - again.data()[i]);
      largest = Math.max(largest, difference);
      differing += difference > 0 ? 1 : 0;
    }
    return new TensorDifference(
        "%s: %d of %d values differ, by %s at most"
            .formatted(name, differing, stored.data().length, largest),
        largest);
  }

  /** Of {@link #TYPE}. */
  Row row() {
    return RowFactory.create(what, largest);
  }

  /** The names of tensor columns that both have. */
  static List<String> common(StructType stored, StructType again) {
    List<String> there = CacheTable.tensors(stored);
    return CacheTable.tensors(again).stream().filter(there::contains).toList();
  }
}
