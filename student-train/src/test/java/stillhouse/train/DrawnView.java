package stillhouse.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.TrainingView;
import stillhouse.cache.ViewRequest;
import stillhouse.cache.ViewRows;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * A view of samples drawn from their index, every source already at the view's size: input 4×6, two
 * classes, embedding [3, 2, 2], logits [2, 2, 3]. Sample i is named s-i; every third has no mask.
 */
final class DrawnView {
  static final int H = 4;
  static final int W = 6;

  private static final ViewRequest REQUEST =
      new ViewRequest(List.of("a", "b"), H, W, 2, 2, 2, 3, 2, 3, Map.of("teacher", "t"));

  private DrawnView() {}

  static TrainingView make(SparkSession spark, Path root, int samples) {
    return make(spark, root, table(spark, samples));
  }

  /** With a row a view, whose embedding says which: 100 times the view's number is added to it. */
  static TrainingView make(SparkSession spark, Path root, int samples, List<View> views) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < samples; i++) {
      for (View view : views) {
        rows.add(row(i, view));
      }
    }
    var request =
        new ViewRequest(List.of("a", "b"), H, W, 2, 2, 2, 3, 2, 3, views, Map.of("teacher", "t"));
    return make(
        spark, root, request, spark.createDataFrame(rows, ViewRows.TYPE.add("view", "string")));
  }

  private static Row row(int i, View view) {
    Row plain = row(i);
    Object[] values = new Object[plain.size() + 1];
    for (int c = 0; c < plain.size(); c++) {
      values[c] = plain.get(c);
    }
    int at = ViewRows.TYPE.fieldIndex("embedding");
    float[] moved = values(10L * i, 12);
    for (int v = 0; v < moved.length; v++) {
      moved[v] += 100 * view.ordinal();
    }
    values[at] = TensorColumn.encode(new FloatTensor(new int[] {3, 2, 2}, moved), DType.FP16);
    values[plain.size()] = view.text();
    return RowFactory.create(values);
  }

  /** Of a teacher that gives no logits. */
  static TrainingView mute(SparkSession spark, Path root, int samples) {
    return make(spark, root, table(spark, samples).drop("answers"));
  }

  private static Dataset<Row> table(SparkSession spark, int samples) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < samples; i++) {
      rows.add(row(i));
    }
    return spark.createDataFrame(rows, ViewRows.TYPE).repartition(2);
  }

  private static TrainingView make(SparkSession spark, Path root, Dataset<Row> table) {
    return make(spark, root, REQUEST, table);
  }

  private static TrainingView make(
      SparkSession spark, Path root, ViewRequest request, Dataset<Row> table) {
    return TrainingView.materialise(
        spark,
        root.toString(),
        request,
        (uri, sha256) -> new RgbImage(W, H, pixels(Integer.parseInt(uri))),
        table);
  }

  static byte[] pixels(int i) {
    byte[] rgb = new byte[3 * H * W];
    for (int p = 0; p < rgb.length; p++) {
      rgb[p] = (byte) (i * 7 + p * 3);
    }
    return rgb;
  }

  /** [3, H, W] in 0…1. */
  static float[] image(int i) {
    byte[] rgb = pixels(i);
    int area = H * W;
    float[] planes = new float[3 * area];
    for (int p = 0; p < area; p++) {
      for (int c = 0; c < 3; c++) {
        planes[c * area + p] = (rgb[3 * p + c] & 0xff) / 255f;
      }
    }
    return planes;
  }

  static boolean masked(int i) {
    return i % 3 != 2;
  }

  static byte[] mask(int i) {
    byte[] labels = {0, 1, 2, (byte) ClassMask.IGNORE};
    byte[] mask = new byte[H * W];
    for (int p = 0; p < mask.length; p++) {
      mask[p] = labels[(p + i) % labels.length];
    }
    return mask;
  }

  /** Quarters, which fp16 holds exactly. */
  static float[] values(long seed, int count) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int v = 0; v < count; v++) {
      values[v] = random.nextInt(-16, 17) / 4f;
    }
    return values;
  }

  private static Row row(int i) {
    return RowFactory.create(
        "s-" + i,
        Integer.toString(i),
        "sha",
        "train",
        "key-" + i,
        1.0 + i,
        masked(i) ? ImageCodec.encodePng(new ClassMask(W, H, mask(i))) : null,
        struct(10L * i, 3, 2, 2),
        struct(10L * i + 1, 2, 2),
        struct(10L * i + 2, 2, 2),
        struct(10L * i + 3, 2, 2),
        new Row[] {RowFactory.create(null, struct(10L * i + 4, 2, 2, 3))});
  }

  private static Row struct(long seed, int... shape) {
    int count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    return TensorColumn.encode(new FloatTensor(shape, values(seed, count)), DType.FP16);
  }
}
