package stillhouse.data;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A rectangle of a frame, in pixels of the upright frame: a sample of its own where it stands in a
 * row's column {@link Samples#TILE}.
 */
public record Tile(int x, int y, int width, int height) implements Serializable {
  /** Between an image's URI and the rectangle: {@link #part}. */
  static final String FRAGMENT = "#xywh=";

  /** As a column; its fields may be null for Delta, which looks into a struct that is null. */
  public static final StructType TYPE =
      new StructType()
          .add("x", DataTypes.IntegerType)
          .add("y", DataTypes.IntegerType)
          .add("width", DataTypes.IntegerType)
          .add("height", DataTypes.IntegerType);

  public Tile {
    if (x < 0 || y < 0 || width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "Invalid tile: " + width + "×" + height + " at " + x + "," + y);
    }
  }

  /** The tile that a sample is; empty for one that is a whole image. */
  public static Optional<Tile> of(Row sample) {
    return in(sample, Samples.TILE);
  }

  /**
   * Where an evaluation counts the pixels of a sample that is a tile; empty for a whole image,
   * which counts everywhere.
   */
  public static Optional<Tile> counted(Row sample) {
    return in(sample, Samples.COUNTED);
  }

  /** Rows of before there were tiles have no such column. */
  private static Optional<Tile> in(Row row, String column) {
    return Arrays.asList(row.schema().fieldNames()).contains(column)
        ? Optional.ofNullable(row.<Row>getAs(column)).map(Tile::read)
        : Optional.empty();
  }

  /**
   * @param struct of {@link #TYPE}
   */
  public static Tile read(Row struct) {
    return new Tile(struct.getInt(0), struct.getInt(1), struct.getInt(2), struct.getInt(3));
  }

  Row row() {
    return RowFactory.create(x, y, width, height);
  }

  /** {@code x,y,width,height}: part of a sample's identity and of a feature's key. */
  @Override
  public String toString() {
    return x + "," + y + "," + width + "," + height;
  }

  /** As {@link Samples#part} names it. */
  public String part(String uri) {
    return uri + FRAGMENT + this;
  }

  /** This tile's pixels of its frame. */
  public RgbImage cut(RgbImage frame) {
    return new RgbImage(width, height, cut(frame.rgb(), frame.width(), frame.height(), 3));
  }

  public ClassMask cut(ClassMask frame) {
    return new ClassMask(width, height, cut(frame.classes(), frame.width(), frame.height(), 1));
  }

  private byte[] cut(byte[] frame, int frameWidth, int frameHeight, int bands) {
    if (x + width > frameWidth || y + height > frameHeight) {
      throw new IllegalArgumentException(
          "Invalid tile: " + this + " of a frame of " + ImageCodec.size(frameWidth, frameHeight));
    }
    byte[] out = new byte[width * height * bands];
    for (int row = 0; row < height; row++) {
      int from = ((y + row) * frameWidth + x) * bands;
      System.arraycopy(frame, from, out, row * width * bands, width * bands);
    }
    return out;
  }

  boolean holds(Tile inner) {
    return inner.x >= x
        && inner.y >= y
        && inner.x + inner.width <= x + width
        && inner.y + inner.height <= y + height;
  }

  /** This rectangle in the pixels of {@code outer}, which holds it. */
  public Tile within(Tile outer) {
    return new Tile(x - outer.x, y - outer.y, width, height);
  }
}
