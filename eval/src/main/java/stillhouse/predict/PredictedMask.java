package stillhouse.predict;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;
import stillhouse.data.ClassMask;
import stillhouse.data.CocoResults;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageReader;
import stillhouse.data.Tile;
import stillhouse.data.UnreadableImageException;

/**
 * Takes another tool's mask out of a row of {@link PredictionSet}: its size must be the image's,
 * its values 0…K. No pixel may be left out of the score, so the ignore label is none of them. A row
 * without a prediction has an empty mask. A tile has its part of the frame's.
 */
final class PredictedMask implements RowMasks {
  private static final long serialVersionUID = 1L;

  private final int classes;
  private final SerializableConfiguration hadoop;

  /**
   * @param classes K
   */
  PredictedMask(int classes, Configuration hadoop) {
    this.classes = classes;
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  @Override
  public Reader open() {
    return new Last();
  }

  /** Keeps the frame's mask for the tile that comes next. */
  private final class Last implements Reader {
    private String name = "";
    private ClassMask mask;

    @Override
    public ClassMask mask(Row row, int width, int height) {
      Row prediction = row.getAs(PredictionSet.COLUMN);
      if (prediction == null) {
        return new ClassMask(width, height, new byte[width * height]);
      }
      Row frame = row.getAs(PredictionSet.FRAME);
      String wanted = prediction.getAs(PredictionSet.NAME);
      if (frame == null || !name.equals(wanted)) {
        mask =
            frame == null
                ? whole(prediction, width, height)
                : whole(prediction, frame.getInt(0), frame.getInt(1));
        name = wanted;
      }
      return Tile.of(row).map(tile -> tile.cut(mask)).orElse(mask);
    }
  }

  private ClassMask whole(Row prediction, int width, int height) {
    String name = prediction.getAs(PredictionSet.NAME);
    try {
      ClassMask mask = decoded(prediction, width, height);
      if (mask.width() != width || mask.height() != height) {
        throw new UnreadableImageException(
            "mask-size",
            "it is %d×%d, the image %d×%d; write masks at the image's own size"
                .formatted(mask.width(), mask.height(), width, height));
      }
      return mask;
    } catch (UnreadableImageException e) {
      throw new UnreadableImageException(e.reason(), "prediction " + name + ": " + e.detail(), e);
    } catch (IllegalArgumentException e) {
      throw new UnreadableImageException(
          "mask-npy", "prediction " + name + ": " + e.getMessage(), e);
    }
  }

  private ClassMask decoded(Row prediction, int width, int height) {
    List<Row> parts =
        prediction.isNullAt(prediction.fieldIndex(PredictionSet.PARTS))
            ? List.of()
            : prediction.getList(prediction.fieldIndex(PredictionSet.PARTS));
    if (!parts.isEmpty()) {
      return CocoResults.paint(parts, width, height, classes);
    }
    byte[] array = prediction.getAs(PredictionSet.ARRAY);
    if (array != null) {
      return NumpyArray.of(array).mask(width, height, classes);
    }
    String uri = prediction.getAs(PredictionSet.URI);
    byte[] bytes = ImageReader.read(uri, hadoop.value());
    String ending = uri.substring(uri.lastIndexOf('.')).toLowerCase(Locale.ROOT);
    return switch (ending) {
      case ".npy" -> NumpyArray.of(bytes).mask(width, height, classes);
      case ".npz" -> NumpyArray.of(onlyEntry(bytes)).mask(width, height, classes);
      default -> checked(ImageCodec.decodeMask(bytes));
    };
  }

  private ClassMask checked(ClassMask mask) {
    byte[] labels = mask.classes();
    for (int i = 0; i < labels.length; i++) {
      if ((labels[i] & 0xff) > classes) {
        throw notAClass(labels[i] & 0xff, i % mask.width(), i / mask.width(), classes);
      }
    }
    return mask;
  }

  static UnreadableImageException notAClass(long value, int x, int y, int classes) {
    return new UnreadableImageException(
        "mask-values",
        "value %d at x=%d y=%d is no class (must be 0 to %d: a prediction leaves no pixel out)"
            .formatted(value, x, y, classes));
  }

  private static byte[] onlyEntry(byte[] zip) {
    try (var in = new ZipInputStream(new ByteArrayInputStream(zip), UTF_8)) {
      ZipEntry entry = in.getNextEntry();
      byte[] array = entry == null ? new byte[0] : in.readAllBytes();
      if (entry == null || in.getNextEntry() != null) {
        throw new UnreadableImageException(
            "mask-npy",
            Objects.isNull(entry)
                ? "it holds no array"
                : "it holds several arrays (must be one, or one file with an array an image)");
      }
      return array;
    } catch (IOException e) {
      throw new UnreadableImageException("mask-npy", "no .npz file: " + e.getMessage(), e);
    }
  }
}
