package stillhouse.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageReader;
import stillhouse.data.RgbImage;
import stillhouse.data.UnreadableImageException;
import stillhouse.identity.Sha256;

/**
 * A column of images.
 *
 * @param index in the row
 */
record InputColumn(String name, int index, Kind kind) implements Serializable {
  private static final List<String> IMAGE = List.of("height", "width", "nChannels", "data");

  /** What a cell holds. */
  enum Kind {
    /** A file's bytes. */
    BYTES,
    /** Where the file lies: any Hadoop path. */
    URI,
    /** Spark's image source: pixels, blue first, rows from the top. */
    STRUCT
  }

  /**
   * @throws IllegalArgumentException where there is no such column, or none of images
   */
  static InputColumn of(StructType schema, String name) {
    List<String> there = Arrays.asList(schema.fieldNames());
    if (!there.contains(name)) {
      throw new IllegalArgumentException(
          "Invalid inputCol: '" + name + "' (there are " + there + ")");
    }
    int index = schema.fieldIndex(name);
    return new InputColumn(name, index, kind(name, schema.fields()[index].dataType()));
  }

  private static Kind kind(String name, DataType type) {
    if (type.equals(DataTypes.BinaryType)) {
      return Kind.BYTES;
    }
    if (type.equals(DataTypes.StringType)) {
      return Kind.URI;
    }
    if (type instanceof StructType struct
        && Arrays.asList(struct.fieldNames()).containsAll(IMAGE)) {
      return Kind.STRUCT;
    }
    throw new IllegalArgumentException(
        "Invalid inputCol: '%s' is %s (must be binary, a string with a URI, or an image struct with %s)"
            .formatted(name, type.simpleString(), IMAGE));
  }

  /**
   * @throws UnreadableImageException where the cell holds no usable image
   */
  RgbImage read(Row row, Configuration hadoop) {
    if (row.isNullAt(index)) {
      throw new UnreadableImageException("empty", "column " + name + " is null");
    }
    return switch (kind) {
      case BYTES -> ImageCodec.decodeRgb(row.getAs(index));
      case URI -> ImageCodec.decodeRgb(ImageReader.read(row.getString(index), hadoop));
      case STRUCT -> pixels(row.getStruct(index));
    };
  }

  /** What a person can find the row by. */
  String name(Row row) {
    return switch (kind) {
      case BYTES -> "bytes with SHA-256 " + Sha256.of(row.<byte[]>getAs(index)).brief();
      case URI -> row.getString(index);
      case STRUCT -> String.valueOf(row.getStruct(index).<Object>getAs("origin"));
    };
  }

  private static RgbImage pixels(Row image) {
    int width = image.getAs("width");
    int height = image.getAs("height");
    int channels = image.getAs("nChannels");
    byte[] data = image.getAs("data");
    if (width < 1 || height < 1 || (channels != 1 && channels != 3 && channels != 4)) {
      throw new UnreadableImageException(
          "corrupt",
          "image struct of %d×%d pixels and %d channels (must be 1, 3 or 4)"
              .formatted(width, height, channels));
    }
    if (data.length != (long) width * height * channels) {
      throw new UnreadableImageException(
          "corrupt",
          "image struct of %d×%d pixels and %d channels has %d bytes"
              .formatted(width, height, channels, data.length));
    }
    return new RgbImage(width, height, rgb(data, channels));
  }

  /** Gray is repeated, alpha dropped, as {@link ImageCodec#decodeRgb} has it. */
  private static byte[] rgb(byte[] data, int channels) {
    byte[] rgb = new byte[data.length / channels * 3];
    int last = channels == 1 ? 0 : 2;
    for (int in = 0, out = 0; out < rgb.length; in += channels) {
      rgb[out++] = data[in + last];
      rgb[out++] = data[in + last / 2];
      rgb[out++] = data[in];
    }
    return rgb;
  }
}
