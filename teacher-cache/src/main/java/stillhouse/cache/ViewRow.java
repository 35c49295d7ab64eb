package stillhouse.cache;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;
import stillhouse.data.Shrink;
import stillhouse.data.View;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Half;
import stillhouse.tensor.Resize;
import stillhouse.tensor.TensorColumn;

/** Makes one row of a view from one joined row of the cache. */
final class ViewRow implements MapFunction<Row, Row> {
  private static final long serialVersionUID = 1L;

  private static final StructType SCHEMA =
      new StructType()
          .add("sample_id", DataTypes.StringType, false)
          .add("split", DataTypes.StringType, false)
          .add("weight", DataTypes.FloatType, false)
          .add("labelled", DataTypes.BooleanType, false)
          .add("pixels", DataTypes.BinaryType, false)
          .add("mask", DataTypes.BinaryType, true)
          .add("embedding", DataTypes.BinaryType, false)
          .add("structure", DataTypes.BinaryType, false)
          .add("logits", DataTypes.BinaryType, false);

  private static final byte[] NOTHING = {};

  private final ViewRequest request;
  private final ImageSource images;
  private final ViewGrid grid;
  private final int channels;
  private final boolean logits;

  /**
   * @param channels of the embedding; 0 where the rows have no teacher's columns
   * @param logits whether the rows have a column answers
   */
  ViewRow(ViewRequest request, ImageSource images, int channels, boolean logits) {
    this.request = request;
    this.images = images;
    this.grid = ViewGrid.of(request);
    this.channels = channels;
    this.logits = channels > 0 && logits;
  }

  /** With the view's name last, where rows may be of any but the images as they are. */
  StructType schema() {
    return request.plain() ? SCHEMA : SCHEMA.add(CacheTables.VIEW, DataTypes.StringType, false);
  }

  @Override
  public Row call(Row row) {
    String id = row.getAs("sample_id");
    View view = request.plain() ? View.IDENTITY : View.of(row.<String>getAs(CacheTables.VIEW));
    try {
      Object[] values = values(row, view);
      return RowFactory.create(request.plain() ? values : with(values, view.text()));
    } catch (RuntimeException e) {
      throw new IllegalStateException(
          "Cannot make the view's row of sample " + id + ": " + e.getMessage(), e);
    }
  }

  private Object[] values(Row row, View view) {
    byte[] mask = row.getAs("mask");
    return new Object[] {
      row.getAs("sample_id"),
      row.getAs("split"),
      row.getAs("weight"),
      mask != null,
      pixels(images.read(row), view),
      mask == null ? null : mask(ImageCodec.decodeMask(mask), view),
      channels == 0 ? NOTHING : embedding(row.getAs("embedding")),
      channels == 0 ? NOTHING : structure(row),
      logits ? logits(CachedAnswers.of(row)) : NOTHING
    };
  }

  private static Object[] with(Object[] values, String view) {
    Object[] all = Arrays.copyOf(values, values.length + 1);
    all[values.length] = view;
    return all;
  }

  /** Of what the view then turns to {@link ViewRequest#height}. */
  private int height(View view) {
    return view.swapsSides() ? request.width() : request.height();
  }

  private int width(View view) {
    return view.swapsSides() ? request.height() : request.width();
  }

  /**
   * uint8 [height, width, 3], bilinear, rounded; then moved, so that a view has the very pixels of
   * the image as it is.
   */
  private byte[] pixels(RgbImage image, View view) {
    int height = height(view);
    int width = width(view);
    float[] out = Images.levels(image, height, width, Shrink.BILINEAR).data();
    int area = height * width;
    byte[] bytes = new byte[3 * area];
    for (int i = 0; i < area; i++) {
      for (int c = 0; c < 3; c++) {
        bytes[3 * i + c] = (byte) Math.round(out[c * area + i]);
      }
    }
    return view.of(new RgbImage(width, height, bytes)).rgb();
  }

  /** uint8 [height, width]: each pixel takes the label under its own centre; then moved. */
  private byte[] mask(ClassMask mask, View view) {
    ClassMask resized = Images.nearest(mask, width(view), height(view));
    for (byte value : resized.classes()) {
      int label = value & 0xff;
      if (label > request.classes().size() && label != ClassMask.IGNORE) {
        throw new IllegalArgumentException(
            "Invalid label "
                + label
                + " in its mask (must be 0, a class 1…"
                + request.classes().size()
                + ", or 255 to ignore)");
      }
    }
    return view.of(resized).classes();
  }

  private byte[] embedding(Row struct) {
    FloatTensor map = TensorColumn.decode(struct);
    if (map.rank() != 3 || map.dim(0) != channels) {
      throw new IllegalArgumentException(
          "Invalid embedding: " + map + " (must be [" + channels + ", h, w] as the first row's)");
    }
    float[] cells = grid.of(map).data();
    requireWithin("embedding", cells, Half.MAX);
    return Half.encode(cells);
  }

  /** E, C, D as fp32 [3, gridHeight, gridWidth]. */
  private byte[] structure(Row row) {
    int cells = request.gridHeight() * request.gridWidth();
    ByteBuffer bytes = ByteBuffer.allocate(3 * cells * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (String component : List.of("e", "c", "d")) {
      FloatTensor map = grid.of(TensorColumn.decode(row.getAs(component)));
      requireWithin("structure " + component, map.data(), Float.MAX_VALUE);
      bytes.asFloatBuffer().put(map.data());
      bytes.position(bytes.position() + cells * Float.BYTES);
    }
    return bytes.array();
  }

  private static void requireWithin(String name, float[] values, float bound) {
    for (float value : values) {
      if (!(Math.abs(value) <= bound)) {
        throw new IllegalArgumentException(
            "Invalid " + name + " value: " + value + " (must be finite and within ±" + bound + ")");
      }
    }
  }

  /** fp16 [K, logitsHeight, logitsWidth]; beyond ±65504 held there, where a sigmoid is 0 or 1. */
  private byte[] logits(CachedAnswers answers) {
    int classes = request.classes().size();
    int height = request.logitsHeight();
    int width = request.logitsWidth();
    FloatTensor composed = answers.logits(classes, height, width);
    if (composed.rank() != 3 || composed.dim(0) != classes) {
      throw new IllegalArgumentException(
          "Invalid soft target: " + composed + " (must be [" + classes + ", h, w])");
    }
    float[] logits = Resize.bilinear(composed, height, width).data().clone();
    for (int i = 0; i < logits.length; i++) {
      if (Float.isNaN(logits[i])) {
        throw new IllegalArgumentException("Invalid soft target: NaN at element " + i);
      }
      logits[i] = Math.max(-Half.MAX, Math.min(Half.MAX, logits[i]));
    }
    return Half.encode(logits);
  }
}
