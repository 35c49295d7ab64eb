package stillhouse.cache;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * Of a layer's map the cells that a projection is fitted to: all of a small one, of others {@link
 * ProjectionRule#POSITIONS} that are drawn by the map's key.
 */
record Cells(ProjectionRule rule, String teacher) implements MapFunction<Row, Row> {
  static final Encoder<Row> ENCODER =
      Encoders.row(
          new StructType()
              .add(CacheTables.FEATURE_KEY, DataTypes.StringType)
              .add("cells", TensorColumn.TYPE));

  @Override
  public Row call(Row row) {
    String key = row.getString(0);
    FloatTensor map = TensorColumn.decode(row.getStruct(1));
    requireChannels(map);
    return RowFactory.create(key, TensorColumn.encode(drawn(key, map), DType.FP32));
  }

  /** [C, cells] in one sum; none where there is no row. */
  static Iterator<Moments> observe(Iterator<Row> rows) {
    Moments moments = null;
    while (rows.hasNext()) {
      FloatTensor cells = TensorColumn.decode(rows.next().getStruct(1));
      moments = moments == null ? new Moments(cells.dim(0)) : moments;
      moments.observe(cells.data());
    }
    return moments == null ? List.<Moments>of().iterator() : List.of(moments).iterator();
  }

  /** [C, n], in the map's order. */
  static FloatTensor drawn(String key, FloatTensor map) {
    int channels = map.dim(0);
    int cells = map.data().length / channels;
    int[] chosen = chosen(key, cells);
    float[] out = new float[channels * chosen.length];
    for (int c = 0, o = 0; c < channels; c++) {
      for (int cell : chosen) {
        out[o++] = map.data()[c * cells + cell];
      }
    }
    return new FloatTensor(new int[] {channels, chosen.length}, out);
  }

  /** The first draws of a shuffle, sorted: every set of cells is as likely. */
  private static int[] chosen(String key, int cells) {
    int[] all = new int[cells];
    Arrays.setAll(all, i -> i);
    int count = Math.min(cells, ProjectionRule.POSITIONS);
    var random = new SplittableRandom(Long.parseUnsignedLong(new Sha256(key).hex(), 48, 64, 16));
    for (int i = 0; i < count && count < cells; i++) {
      int j = random.nextInt(i, cells);
      int other = all[j];
      all[j] = all[i];
      all[i] = other;
    }
    int[] chosen = Arrays.copyOf(all, count);
    Arrays.sort(chosen);
    return chosen;
  }

  private void requireChannels(FloatTensor map) {
    if (map.rank() != 3 || map.dim(0) < rule.dimensions()) {
      throw new ConfigException(
          "Invalid cache.projection: layer '%s' of teacher %s is %s and %d channels are asked for (must be [C, h, w] with at least as many). Name fewer channels, or other layers."
              .formatted(rule.layer(), teacher, map, rule.dimensions()));
    }
  }
}
