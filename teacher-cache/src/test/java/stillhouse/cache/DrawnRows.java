package stillhouse.cache;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * Joined cache rows drawn from their index: images 12×8 (the view's size is 6×4), a mask for two in
 * three, an embedding [5, 4, 4], structure [4, 4], one dense answer [2, 4, 4]. Tensors are fp16.
 */
final class DrawnRows {
  static final int CHANNELS = 5;
  static final ViewRequest REQUEST =
      new ViewRequest(List.of("scratch", "dent"), 4, 6, 2, 2, 2, 3, 3, 2, Map.of("teacher", "t1"));

  private DrawnRows() {}

  static Dataset<Row> of(SparkSession spark, int rows) {
    List<Row> list = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      list.add(row(i));
    }
    return spark.createDataFrame(list, ViewRows.TYPE).repartition(3);
  }

  /** With a row a view of split train, the others as they are; a sample's rows are alike. */
  static Dataset<Row> of(SparkSession spark, int rows, List<View> views) {
    return ViewRows.inViews(of(spark, rows), views);
  }

  static Row row(int i) {
    return RowFactory.create(
        "sample-" + i,
        "drawn:" + i,
        "sha-" + i,
        i % 5 == 4 ? "val" : "train",
        "key-" + i,
        1.0 + i,
        i % 3 == 2 ? null : ImageCodec.encodePng(mask(i)),
        struct(i, 1, CHANNELS, 4, 4),
        struct(i, 2, 4, 4),
        struct(i, 3, 4, 4),
        struct(i, 4, 4, 4),
        new Row[] {RowFactory.create(null, struct(i, 5, 2, 4, 4))});
  }

  static RgbImage image(String uri, String sha) {
    byte[] rgb = new byte[3 * 12 * 8];
    int i = Integer.parseInt(uri.substring("drawn:".length()));
    for (int p = 0; p < rgb.length; p++) {
      rgb[p] = (byte) (i * 7 + p * 13);
    }
    return new RgbImage(12, 8, rgb);
  }

  static ClassMask mask(int i) {
    byte[] labels = {0, 1, 2, (byte) ClassMask.IGNORE};
    byte[] mask = new byte[12 * 8];
    for (int p = 0; p < mask.length; p++) {
      mask[p] = labels[(p + i) % labels.length];
    }
    return new ClassMask(12, 8, mask);
  }

  /** The row with another value in one column. */
  static Row with(Row row, String column, Object value) {
    Object[] values = new Object[row.size()];
    for (int c = 0; c < values.length; c++) {
      values[c] = c == row.fieldIndex(column) ? value : row.get(c);
    }
    return new GenericRowWithSchema(values, row.schema());
  }

  private static Row struct(int row, int kind, int... shape) {
    SplittableRandom random = new SplittableRandom(row * 31L + kind);
    float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    for (int v = 0; v < values.length; v++) {
      values[v] = (float) (random.nextDouble() * 4 - 2);
    }
    return TensorColumn.encode(new FloatTensor(shape, values), DType.FP16);
  }
}
