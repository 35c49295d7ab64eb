package stillhouse.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/** A Windows bitmap's header, held against its file before a decoder sees it. */
final class BmpHeader {
  private static final int FILE_HEADER = 14;
  private static final int CORE = 12;
  private static final int INFO = 40;
  private static final Set<Integer> DEPTHS = Set.of(1, 4, 8, 16, 24, 32);

  private BmpHeader() {}

  static boolean starts(byte[] bytes) {
    return bytes.length > 1 && bytes[0] == 'B' && bytes[1] == 'M';
  }

  /**
   * @throws UnreadableImageException where its pixels are not all there, or run-length coded
   */
  static Container read(byte[] bytes) {
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int size = bytes.length < FILE_HEADER + CORE ? 0 : file.getInt(FILE_HEADER);
    if (bytes.length < FILE_HEADER + INFO || bytes.length < FILE_HEADER + (long) size) {
      throw truncated(bytes.length, "its header");
    }
    boolean core = size == CORE;
    int width = core ? file.getShort(18) & 0xffff : file.getInt(18);
    long height = core ? file.getShort(20) & 0xffff : Math.abs((long) file.getInt(22));
    int bits = file.getShort(core ? 24 : 28) & 0xffff;
    int compression = core ? 0 : file.getInt(30);
    if (!DEPTHS.contains(bits) || (compression != 0 && compression != 3)) {
      throw new UnreadableImageException(
          "unknown-format",
          "BMP of %d bits a pixel and compression %d (uncompressed ones can be read)"
              .formatted(bits, compression));
    }
    var container =
        new Container(
            Container.Format.BMP,
            width,
            (int) Math.min(height, Integer.MAX_VALUE),
            bits,
            0,
            Orientation.UPRIGHT);
    container.checkSize();
    long row = ((long) width * bits + 31) / 32 * 4;
    if (Integer.toUnsignedLong(file.getInt(10)) + row * height > bytes.length) {
      throw truncated(bytes.length, "its last row");
    }
    return container;
  }

  private static UnreadableImageException truncated(int length, String missing) {
    return new UnreadableImageException(
        "truncated", "BMP of " + length + " bytes ends before " + missing);
  }
}
