package stillhouse.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A tensor as a Spark column: {@code struct<dtype, shape, scale?, zero_point?, crc32c, data>}.
 * {@code data} holds the elements row-major and little-endian, {@code crc32c} is the Castagnoli sum
 * of {@code data}, for int8 of scales, zero points and data. {@code scale} and {@code zero_point}
 * hold {@link Int8}'s per channel, the first axis, and are null for floating-point types.
 */
public final class TensorColumn {
  public static final StructType TYPE =
      new StructType()
          .add("dtype", DataTypes.StringType)
          .add("shape", DataTypes.createArrayType(DataTypes.IntegerType, false))
          .add("scale", DataTypes.createArrayType(DataTypes.FloatType, false))
          .add("zero_point", DataTypes.createArrayType(DataTypes.IntegerType, false))
          .add("crc32c", DataTypes.LongType)
          .add("data", DataTypes.BinaryType);

  private static final String DAMAGED =
      "The file is damaged: 'verify' names it, 'cache --repair' takes it out and asks the teacher"
          + " again.";
  private static final int DTYPE = 0;
  private static final int SHAPE = 1;
  private static final int SCALE = 2;
  private static final int ZERO_POINT = 3;
  private static final int CRC = 4;
  private static final int DATA = 5;

  private TensorColumn() {}

  /**
   * A row of {@link #TYPE}.
   *
   * @throws IllegalArgumentException where a value doesn't fit the type, naming the value
   */
  public static Row encode(FloatTensor tensor, DType type) {
    return switch (type) {
      case FP16 -> row(tensor, type, null, null, Half.encode(tensor.data()));
      case FP32 -> row(tensor, type, null, null, floats(requireFinite(tensor.data())));
      case INT8 -> {
        Int8 stored = Int8.encode(tensor.data(), tensor.dim(0));
        yield row(tensor, type, boxed(stored.scale()), boxed(stored.zeroPoint()), stored.data());
      }
    };
  }

  private static Row row(
      FloatTensor tensor, DType type, Float[] scale, Integer[] zeroPoint, byte[] data) {
    long sum = scale == null ? crc32c(data) : crc32c(List.of(scale), List.of(zeroPoint), data);
    return RowFactory.create(type.text(), boxed(tensor.shape()), scale, zeroPoint, sum, data);
  }

  /**
   * The tensor of a row of {@link #TYPE}.
   *
   * @throws IllegalArgumentException where the bytes are not those that were written, or do not
   *     fill the shape
   */
  public static FloatTensor decode(Row row) {
    DType type = DType.of(row.getString(DTYPE));
    int[] shape = ints(list(row, SHAPE));
    byte[] data = row.getAs(DATA);
    long expected = type.bytes() * Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b);
    if (data.length != expected) {
      throw new IllegalArgumentException(
          "Cannot decode tensor: shape "
              + Arrays.toString(shape)
              + " of "
              + type.text()
              + " takes "
              + expected
              + " bytes, found "
              + data.length);
    }
    List<Float> scales = list(row, SCALE);
    List<Integer> zeroPoints = list(row, ZERO_POINT);
    requireScales(type, shape, scales.size(), zeroPoints.size());
    long actual = crc32c(scales, zeroPoints, data);
    if (actual != row.getLong(CRC)) {
      throw new IllegalArgumentException(
          String.format(
              "Cannot decode tensor: crc32c of its %d bytes is %08x, stored was %08x. %s",
              data.length, actual, row.getLong(CRC), DAMAGED));
    }
    return new FloatTensor(
        shape,
        switch (type) {
          case FP16 -> Half.decode(data);
          case FP32 -> floats(data);
          case INT8 -> new Int8(floats(scales), ints(zeroPoints), data).decode();
        });
  }

  /** Of the scales and zero points, four bytes each, and the elements. */
  private static long crc32c(List<Float> scale, List<Integer> zeroPoint, byte[] data) {
    ByteBuffer head =
        ByteBuffer.allocate(4 * (scale.size() + zeroPoint.size())).order(ByteOrder.LITTLE_ENDIAN);
    scale.forEach(head::putFloat);
    zeroPoint.forEach(head::putInt);
    var crc = new CRC32C();
    crc.update(head.flip());
    crc.update(data);
    return crc.getValue();
  }

  /** One of each a channel for int8, none for the others. */
  private static void requireScales(DType type, int[] shape, int scales, int zeroPoints) {
    int expected = type == DType.INT8 ? shape[0] : 0;
    if (scales != expected || zeroPoints != expected) {
      throw new IllegalArgumentException(
          "Cannot decode tensor: %s of shape %s takes %d scales and zero points, found %d and %d. %s"
              .formatted(
                  type.text(), Arrays.toString(shape), expected, scales, zeroPoints, DAMAGED));
    }
  }

  static long crc32c(byte[] data) {
    return crc32c(List.of(), List.of(), data);
  }

  /** Spark hands back a Scala sequence, {@link #encode} an array. */
  @SuppressWarnings("unchecked")
  private static <T> List<T> list(Row row, int field) {
    if (row.isNullAt(field)) {
      return List.of();
    }
    return row.get(field) instanceof Object[] array
        ? (List<T>) Arrays.asList(array)
        : row.getList(field);
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private static float[] floats(List<Float> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
  }

  private static Integer[] boxed(int[] values) {
    return Arrays.stream(values).boxed().toArray(Integer[]::new);
  }

  private static Float[] boxed(float[] values) {
    Float[] boxed = new Float[values.length];
    for (int i = 0; i < values.length; i++) {
      boxed[i] = values[i];
    }
    return boxed;
  }

  private static float[] requireFinite(float[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "Invalid value for fp32: " + values[i] + " at element " + i + " (must be finite)");
      }
    }
    return values;
  }

  private static byte[] floats(float[] values) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return bytes;
  }

  private static float[] floats(byte[] bytes) {
    float[] values = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }
}
