package stillhouse.data;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * The first directory of a TIFF or BigTIFF, held against its file before a decoder sees it: what it
 * claims bounds what a decoder allocates. Source: TIFF 6.0 and the BigTIFF addition.
 */
final class TiffHeader {
  private static final int WIDTH = 256;
  private static final int HEIGHT = 257;
  private static final int BITS = 258;
  private static final int COMPRESSION = 259;
  private static final int PHOTOMETRIC = 262;
  private static final int STRIP_OFFSETS = 273;
  static final int ORIENTATION = 274;
  private static final int SAMPLES = 277;
  private static final int ROWS_PER_STRIP = 278;
  private static final int STRIP_BYTES = 279;
  private static final int PLANES = 284;
  private static final int TILE_WIDTH = 322;
  private static final int TILE_HEIGHT = 323;
  private static final int TILE_OFFSETS = 324;
  private static final int TILE_BYTES = 325;
  private static final int SAMPLE_FORMAT = 339;

  /** None, CCITT (2, 3, 4), LZW, JPEG, deflate (twice) and PackBits. */
  private static final Set<Long> COMPRESSIONS = Set.of(1L, 2L, 3L, 4L, 5L, 7L, 8L, 32946L, 32773L);

  private static final Set<Long> DEPTHS = Set.of(1L, 2L, 4L, 8L, 16L);

  /** Photometric interpretations: white is zero, black is zero, RGB, palette, CMYK, YCbCr. */
  private static final Map<Long, Integer> COLOURS =
      Map.of(0L, 1, 1L, 1, 2L, 3, 3L, 1, Container.TIFF_CMYK, 4, 6L, 3);

  private final ByteBuffer file;
  private final boolean big;
  private final Map<Integer, long[]> tags = new HashMap<>();

  private TiffHeader(byte[] bytes) {
    file = ByteBuffer.wrap(bytes);
    file.order(bytes[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    big = file.getShort(2) == 43;
  }

  static boolean starts(byte[] bytes) {
    if (bytes.length < 4) {
      return false;
    }
    int magic = bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    return magic == 0x49492a00 || magic == 0x4d4d002a || magic == 0x49492b00 || magic == 0x4d4d002b;
  }

  /**
   * @throws UnreadableImageException where the directory or what it points to lies beyond the
   *     file's end, contradicts itself, or is of a kind that can't be read as 8-bit RGB
   */
  static Container read(byte[] bytes) {
    var header = new TiffHeader(bytes);
    try {
      header.readTags();
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw new UnreadableImageException(
          "truncated",
          "TIFF of " + bytes.length + " bytes ends before its first directory does",
          e);
    }
    return header.container();
  }

  private void readTags() {
    if (big) {
      file.position(inside(file.getLong(8)));
    } else {
      file.position(inside(Integer.toUnsignedLong(file.getInt(4))));
    }
    long entries = big ? file.getLong() : Short.toUnsignedLong(file.getShort());
    int entry = big ? 20 : 12;
    if (entries < 0 || entries > file.remaining() / entry) {
      throw new BufferUnderflowException();
    }
    for (int i = 0, at = file.position(); i < entries; i++, at += entry) {
      int tag = Short.toUnsignedInt(file.getShort(at));
      if (isRead(tag)) {
        tags.put(tag, values(at));
      }
    }
  }

  private static boolean isRead(int tag) {
    return (tag >= WIDTH && tag <= PLANES)
        || (tag >= TILE_WIDTH && tag <= TILE_BYTES)
        || tag == SAMPLE_FORMAT;
  }

  /** Of whole numbers; empty for other types. */
  private long[] values(int entry) {
    int type = file.getShort(entry + 2);
    long count = big ? file.getLong(entry + 4) : Integer.toUnsignedLong(file.getInt(entry + 4));
    int size =
        switch (type) {
          case 1 -> 1;
          case 3 -> 2;
          case 4 -> 4;
          case 16 -> 8;
          default -> 0;
        };
    if (size == 0) {
      return new long[0];
    }
    int inline = big ? 8 : 4;
    int at = entry + (big ? 12 : 8);
    if (count < 0 || count > file.limit() / size) {
      throw new BufferUnderflowException();
    }
    if (count * size > inline) {
      at = inside(big ? file.getLong(at) : Integer.toUnsignedLong(file.getInt(at)));
    }
    long[] values = new long[(int) count];
    for (int i = 0; i < values.length; i++, at += size) {
      values[i] =
          switch (size) {
            case 1 -> file.get(at) & 0xff;
            case 2 -> Short.toUnsignedLong(file.getShort(at));
            case 4 -> Integer.toUnsignedLong(file.getInt(at));
            default -> file.getLong(at);
          };
    }
    return values;
  }

  private int inside(long offset) {
    if (offset < 0 || offset >= file.limit()) {
      throw new BufferUnderflowException();
    }
    return (int) offset;
  }

  private Container container() {
    int width = side(WIDTH);
    int height = side(HEIGHT);
    long colour = one(PHOTOMETRIC, -1);
    checkKind(colour);
    int bits = (int) one(BITS, 1);
    var container =
        new Container(
            big ? Container.Format.BIG_TIFF : Container.Format.TIFF,
            width,
            height,
            bits,
            (int) colour,
            Orientation.of((int) one(ORIENTATION, 1)));
    container.checkSize();
    checkData(container);
    return container;
  }

  private int side(int tag) {
    long side = one(tag, 0);
    if (side < 1) {
      throw corrupt("no " + (tag == WIDTH ? "width" : "height"));
    }
    return (int) Math.min(side, Integer.MAX_VALUE);
  }

  private void checkKind(long colour) {
    long samples = one(SAMPLES, 1);
    Integer colours = COLOURS.get(colour);
    if (colours == null || samples < colours || samples > colours + 1) {
      throw unknown(
          "photometric interpretation " + colour + " with " + samples + " samples a pixel");
    }
    long[] bits = tags.getOrDefault(BITS, new long[] {1});
    if (!DEPTHS.contains(bits.length == 0 ? 0L : bits[0])
        || LongStream.of(bits).distinct().count() > 1) {
      throw unknown("bits a sample " + Arrays.toString(bits) + " (1, 2, 4, 8 or 16, all alike)");
    }
    long[] formats = tags.getOrDefault(SAMPLE_FORMAT, new long[] {1});
    if (LongStream.of(formats).anyMatch(f -> f != 1 && f != 4)) {
      throw unknown("signed or floating-point samples; write it as unsigned 8 or 16 bits");
    }
    if (!COMPRESSIONS.contains(one(COMPRESSION, 1))) {
      throw unknown(
          "compression " + one(COMPRESSION, 1) + "; write it with LZW, deflate or PackBits");
    }
  }

  /** That every strip or tile lies in the file, and there are enough of them. */
  private void checkData(Container container) {
    boolean tiled = tags.containsKey(TILE_WIDTH);
    long rowWidth = tiled ? one(TILE_WIDTH, 0) : container.width();
    long rows = tiled ? one(TILE_HEIGHT, 0) : one(ROWS_PER_STRIP, container.height());
    if (rowWidth < 1 || rows < 1 || (tiled && tooManyPixels(rowWidth, rows))) {
      throw corrupt((tiled ? "tiles of " : "strips of ") + rowWidth + "×" + rows);
    }
    long across = (container.width() + rowWidth - 1) / rowWidth;
    long down = (container.height() + rows - 1) / rows;
    long planes = one(PLANES, 1) == 2 ? one(SAMPLES, 1) : 1;
    long[] offsets = tags.getOrDefault(tiled ? TILE_OFFSETS : STRIP_OFFSETS, new long[0]);
    long[] bytes = tags.getOrDefault(tiled ? TILE_BYTES : STRIP_BYTES, new long[0]);
    if (offsets.length < across * down * planes || bytes.length < offsets.length) {
      throw corrupt(
          "%d offsets and %d lengths of %d strips or tiles"
              .formatted(offsets.length, bytes.length, across * down * planes));
    }
    for (int i = 0; i < offsets.length; i++) {
      if (offsets[i] < 0 || bytes[i] < 0 || offsets[i] > file.limit() - bytes[i]) {
        throw new UnreadableImageException(
            "truncated",
            "strip or tile %d ends at byte %d of a TIFF of %d bytes"
                .formatted(i, offsets[i] + bytes[i], file.limit()));
      }
    }
    checkPlain(container, tiled, LongStream.of(bytes).sum());
  }

  private static boolean tooManyPixels(long width, long height) {
    return width > Container.MAX_PIXELS || height > Container.MAX_PIXELS / width;
  }

  /** Uncompressed strips have as many bytes as their pixels need. */
  private void checkPlain(Container container, boolean tiled, long bytes) {
    long rowBytes = (container.width() * one(SAMPLES, 1) * container.bits() + 7) / 8;
    if (!tiled && one(COMPRESSION, 1) == 1 && bytes < rowBytes * container.height()) {
      throw new UnreadableImageException(
          "truncated",
          "strips hold %d bytes, the pixels need %d"
              .formatted(bytes, rowBytes * container.height()));
    }
  }

  private long one(int tag, long otherwise) {
    long[] values = tags.getOrDefault(tag, new long[0]);
    return values.length == 0 ? otherwise : values[0];
  }

  private static UnreadableImageException corrupt(String what) {
    return new UnreadableImageException("corrupt", "TIFF directory has " + what);
  }

  private static UnreadableImageException unknown(String what) {
    return new UnreadableImageException("unknown-format", "TIFF of " + what);
  }
}
