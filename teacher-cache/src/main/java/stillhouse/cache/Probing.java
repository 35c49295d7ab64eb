package stillhouse.cache;

import com.github.luben.zstd.Zstd;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.tensor.TensorColumn;

/**
 * What the job's own functions take for a task's share of images: one row a measurement. The first
 * batch loads the network and is not measured.
 */
record Probing(FeatureEncoding encoding, Answering answering, StructureMapping mapping)
    implements MapPartitionsFunction<Row, Row> {
  static final String ENCODE = "encode";
  static final String DECODE = "decode";
  static final String STRUCTURE = "structure";

  /** Kind, seconds, units measured, bytes of their tensors as encoded and after zstd. */
  static final StructType TYPE =
      new StructType()
          .add("kind", DataTypes.StringType)
          .add("seconds", DataTypes.DoubleType)
          .add("units", DataTypes.LongType)
          .add("raw", DataTypes.LongType)
          .add("stored", DataTypes.LongType);

  // Rows of megabytes; as many measure a decoder.
  private static final int KEPT = 16;
  private static final int LEVEL = 3; // what Parquet's zstd has where nothing is said

  @Override
  public Iterator<Row> call(Iterator<Row> planned) {
    Map<String, Row> plan = new HashMap<>();
    planned.forEachRemaining(row -> plan.put(row.getAs(CacheTables.FEATURE_KEY), row));
    List<Row> told = new ArrayList<>();
    if (plan.isEmpty()) {
      return told.iterator();
    }
    StructType type = CacheTables.featuresType(encoding.keys().spec());
    for (Row row : encoded(plan, type, told)) {
      rest(input(row, type, plan), told);
    }
    return told.iterator();
  }

  /**
   * Some of what was encoded. All batches are asked for one after the other, and compressed, as the
   * job does: the network runs ahead of what else is done with its maps, whose time would be taken
   * off its own.
   */
  private List<Row> encoded(Map<String, Row> plan, StructType type, List<Row> told) {
    Iterator<Outcome> features = encoding.call(plan.values().iterator());
    int batch = encoding.keys().spec().batch();
    List<Row> some = new ArrayList<>();
    for (int number = 0; ; number++) {
      long began = System.nanoTime(); // before hasNext, which waits for the network
      List<Outcome> taken = take(features, batch);
      if (taken.isEmpty()) {
        return some;
      }
      List<Row> stored = stored(taken);
      if (number > 0 && !stored.isEmpty()) {
        told.add(measured(ENCODE, began, stored, type));
        stored.stream().limit(Math.max(0, KEPT - some.size())).forEach(some::add);
      }
    }
  }

  private static List<Outcome> take(Iterator<Outcome> outcomes, int most) {
    List<Outcome> taken = new ArrayList<>();
    while (taken.size() < most && outcomes.hasNext()) {
      taken.add(outcomes.next());
    }
    return taken;
  }

  private static List<Row> stored(List<Outcome> outcomes) {
    return outcomes.stream()
        .filter(Outcome.Stored.class::isInstance)
        .map(outcome -> ((Outcome.Stored) outcome).row())
        .toList();
  }

  private void rest(Row features, List<Row> told) {
    if (encoding.keys().answers()) {
      told.add(timed(DECODE, answering, features, CacheTables.ANSWERS));
    }
    told.add(timed(STRUCTURE, mapping, features, CacheTables.STRUCTURE));
  }

  private static Row timed(String kind, Outcome.Work work, Row features, StructType type) {
    long began = System.nanoTime();
    List<Outcome> outcomes = new ArrayList<>();
    work.call(List.of(features).iterator()).forEachRemaining(outcomes::add);
    return measured(kind, began, stored(outcomes), type);
  }

  /** A planned row with what was encoded of it, as the later passes read it. */
  private static Row input(Row encoded, StructType type, Map<String, Row> plan) {
    Row planned = plan.get(encoded.getString(type.fieldIndex(CacheTables.FEATURE_KEY)));
    StructType schema = planned.schema();
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < schema.size(); i++) {
      values.add(planned.get(i));
    }
    schema = schema.add(Encoding.COLUMN, DataTypes.StringType);
    values.add(encoded.get(type.fieldIndex(Encoding.COLUMN)));
    for (String tensor : CacheTable.tensors(type)) {
      schema = schema.add(tensor, type.apply(tensor).dataType());
      values.add(encoded.get(type.fieldIndex(tensor)));
    }
    return new GenericRowWithSchema(values.toArray(), schema);
  }

  /** Until they are compressed, as the job does on the same thread. */
  private static Row measured(String kind, long began, List<Row> rows, StructType type) {
    int data = TensorColumn.TYPE.fieldIndex("data");
    long units = 0;
    long raw = 0;
    long stored = 0;
    for (Row row : rows) {
      boolean any = false;
      for (String tensor : CacheTable.tensors(type)) {
        Row value = (Row) row.get(type.fieldIndex(tensor));
        if (value != null) {
          byte[] bytes = value.getAs(data);
          raw += bytes.length;
          stored += Zstd.compress(bytes, LEVEL).length;
          any = true;
        }
      }
      units += any ? 1 : 0;
    }
    return RowFactory.create(kind, seconds(began), units, raw, stored);
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }
}
