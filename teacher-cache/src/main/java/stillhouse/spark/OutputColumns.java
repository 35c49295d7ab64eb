package stillhouse.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * What a teacher's answer looks like in a row: one tensor a layer, named as the layer is.
 *
 * @param encodings by layer, in the struct's order
 */
record OutputColumns(LinkedHashMap<String, DType> encodings) implements Serializable {

  /**
   * @param encoding of maps; logits are stored as the cache stores them, never as int8
   * @throws IllegalArgumentException where the teacher has no such layer
   */
  static OutputColumns of(TeacherSpec spec, List<String> layers, DType encoding) {
    if (layers.isEmpty() || !spec.layers().containsAll(layers)) {
      throw new IllegalArgumentException(
          "Invalid layers: %s (teacher %s has %s)".formatted(layers, spec.name(), spec.layers()));
    }
    var encodings = new LinkedHashMap<String, DType>();
    for (String layer : layers) {
      encodings.put(layer, layer.equals(Teacher.LOGITS) ? encoding.floating() : encoding);
    }
    return new OutputColumns(encodings);
  }

  /**
   * A schema with the two columns added.
   *
   * @throws IllegalArgumentException where it has one of them already
   */
  StructType after(StructType schema, String output, String error) {
    StructType maps = new StructType();
    for (String layer : encodings.keySet()) {
      maps = maps.add(layer, TensorColumn.TYPE);
    }
    requireFree(schema, "outputCol", output);
    StructType with = schema.add(output, maps);
    requireFree(with, "errorCol", error);
    return with.add(error, DataTypes.StringType);
  }

  private static void requireFree(StructType schema, String parameter, String column) {
    if (Arrays.asList(schema.fieldNames()).contains(column)) {
      throw new IllegalArgumentException(
          "Invalid %s: '%s' (there is a column of that name already)".formatted(parameter, column));
    }
  }

  /**
   * @throws IllegalArgumentException where a value can't be stored, naming layer and value
   */
  Row encode(Map<String, FloatTensor> maps) {
    return RowFactory.create(
        encodings.entrySet().stream()
            .map(layer -> encode(layer.getKey(), maps.get(layer.getKey()), layer.getValue()))
            .toArray());
  }

  private static Row encode(String layer, FloatTensor map, DType encoding) {
    try {
      return TensorColumn.encode(map, encoding);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("layer '" + layer + "': " + e.getMessage(), e);
    }
  }
}
