package stillhouse.train;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * Assembles {@link ViewSample}s from Parquet's columns: one array a value, no boxing of elements.
 */
final class ViewSampleConverter extends RecordMaterializer<ViewSample> {
  private final Root root;

  ViewSampleConverter(MessageType schema) {
    this.root = new Root(schema);
  }

  @Override
  public ViewSample getCurrentRecord() {
    return root.sample();
  }

  @Override
  public GroupConverter getRootConverter() {
    return root;
  }

  private static final class Root extends GroupConverter {
    private final List<Type> fields;
    private final Map<String, Value> values = new HashMap<>();

    Root(MessageType schema) {
      this.fields = schema.getFields();
      fields.forEach(field -> values.put(field.getName(), new Value()));
    }

    @Override
    public Converter getConverter(int index) {
      return values.get(fields.get(index).getName());
    }

    @Override
    public void start() {
      values.values().forEach(Value::clear);
    }

    @Override
    public void end() {}

    ViewSample sample() {
      return new ViewSample(
          text("sample_id"),
          values.get("weight").number,
          values.get("labelled").flag,
          text(ViewReader.VIEW),
          bytes("pixels"),
          bytes(Column.MASK.field()),
          bytes(Column.EMBEDDING.field()),
          bytes(Column.STRUCTURE.field()),
          bytes(Column.LOGITS.field()));
    }

    private String text(String field) {
      byte[] bytes = bytes(field);
      return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private byte[] bytes(String field) {
      Value value = values.get(field);
      return value == null ? null : value.bytes;
    }
  }

  private static final class Value extends PrimitiveConverter {
    private byte[] bytes;
    private float number;
    private boolean flag;

    void clear() {
      bytes = null;
      number = 0;
      flag = false;
    }

    @Override
    public void addBinary(Binary value) {
      bytes = value.getBytes();
    }

    @Override
    public void addFloat(float value) {
      number = value;
    }

    @Override
    public void addBoolean(boolean value) {
      flag = value;
    }
  }
}
