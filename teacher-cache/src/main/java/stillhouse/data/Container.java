package stillhouse.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * What the bytes around the pixels say, read before any pixel is decoded: the decoders of the
 * platform pass over a missing end, an orientation and four colour components in silence.
 *
 * @param format {@code jpeg} or {@code png}, the platform's name of the decoder
 * @param bits bits a sample
 * @param colour a PNG's colour type (0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGB + alpha); a
 *     JPEG's number of components
 */
record Container(String format, int width, int height, int bits, int colour) {
  /**
   * 8192×4096, 100 MB as 8-bit RGB and thrice that while it is decoded, once a task: past this a
   * picture must be tiled first.
   */
  static final long MAX_PIXELS = 1L << 25;

  static final int PNG_GRAY = 0;
  static final int PNG_PALETTE = 3;

  private static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10};
  private static final byte[] EXIF = {'E', 'x', 'i', 'f', 0, 0};
  private static final byte[] PROFILE = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
  private static final int ORIENTATION = 0x0112;

  static Container of(byte[] bytes) {
    if (bytes.length == 0) {
      throw new UnreadableImageException("empty", "0 bytes");
    }
    Container container;
    if (startsWith(bytes, 0, PNG_SIGNATURE)) {
      container = png(bytes);
    } else if (bytes.length > 2 && u8(bytes, 0) == 0xff && u8(bytes, 1) == 0xd8) {
      container = jpeg(bytes);
    } else {
      throw new UnreadableImageException(
          "unknown-format",
          "neither JPEG nor PNG: starts with "
              + HexFormat.of().formatHex(bytes, 0, Math.min(8, bytes.length)));
    }
    container.checkSize();
    return container;
  }

  private void checkSize() {
    if (width < 1 || height < 1) {
      throw new UnreadableImageException("corrupt", "size " + width + "×" + height);
    }
    if ((long) width * height > MAX_PIXELS) {
      throw new UnreadableImageException(
          "too-large",
          width + "×" + height + " pixels (at most " + MAX_PIXELS + "); cut it into tiles");
    }
  }

  /** Walks a PNG's chunks to its end, each CRC checked. */
  private static Container png(byte[] bytes) {
    Container header = null;
    int at = PNG_SIGNATURE.length;
    while (at + 12L <= bytes.length) {
      int length = int32(bytes, at);
      if (length < 0 || at + 12L + length > bytes.length) {
        break;
      }
      String type = new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1);
      checkCrc(bytes, at, length, type);
      int data = at + 8;
      if (type.equals("IHDR") && length >= 13) {
        header =
            new Container(
                "png",
                int32(bytes, data),
                int32(bytes, data + 4),
                u8(bytes, data + 8),
                u8(bytes, data + 9));
      } else if (type.equals("eXIf")) {
        checkOrientation(bytes, data, data + length);
      } else if (type.equals("IEND") && header != null) {
        return header;
      }
      at = data + length + 4;
    }
    throw truncated("PNG", bytes.length, "IEND chunk");
  }

  private static void checkCrc(byte[] bytes, int at, int length, String type) {
    CRC32 crc = new CRC32();
    crc.update(bytes, at + 4, length + 4);
    if ((int) crc.getValue() != int32(bytes, at + 8 + length)) {
      throw new UnreadableImageException(
          "corrupt", "CRC of the " + type + " chunk at byte " + at + " is wrong");
    }
  }

  /** Walks a JPEG's segments and scans to its end marker. */
  private static Container jpeg(byte[] bytes) {
    Container header = null;
    int at = 2;
    while (at + 1 < bytes.length) {
      if (u8(bytes, at) != 0xff) {
        at++; // entropy-coded data, or padding that decoders skip too
        continue;
      }
      int marker = u8(bytes, at + 1);
      if (marker == 0xd9 && header != null) {
        return header;
      }
      if (marker == 0xff) {
        at++; // a fill byte
        continue;
      }
      boolean alone = marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd9);
      if (alone) {
        at += 2;
        continue;
      }
      if (at + 4 > bytes.length || at + 2 + u16(bytes, at + 2) > bytes.length) {
        break;
      }
      int end = at + 2 + u16(bytes, at + 2);
      if (isFrame(marker) && header == null && end - at >= 10) {
        header = frame(bytes, at + 4);
      } else if (marker == 0xe1 && startsWith(bytes, at + 4, EXIF)) {
        checkOrientation(bytes, at + 4 + EXIF.length, end);
      }
      at = end;
    }
    throw truncated("JPEG", bytes.length, "end-of-image marker");
  }

  /**
   * A JPEG without its colour profile (APP2), by which the platform's decoder would recolour it;
   * the samples then stand as stored, as Pillow and OpenCV read them.
   */
  static byte[] withoutProfile(byte[] jpeg) {
    var kept = new ByteArrayOutputStream(jpeg.length);
    kept.write(jpeg, 0, 2);
    int at = 2;
    while (at + 4 <= jpeg.length && u8(jpeg, at) == 0xff && u8(jpeg, at + 1) != 0xda) {
      int end = Math.min(jpeg.length, at + 2 + u16(jpeg, at + 2));
      if (u8(jpeg, at + 1) != 0xe2 || !startsWith(jpeg, at + 4, PROFILE)) {
        kept.write(jpeg, at, end - at);
      }
      at = end;
    }
    kept.write(jpeg, at, jpeg.length - at);
    return kept.toByteArray();
  }

  private static Container frame(byte[] bytes, int at) {
    int components = u8(bytes, at + 5);
    if (components == 4) {
      throw new UnreadableImageException(
          "cmyk", "JPEG of 4 colour components (CMYK or YCCK); convert it to RGB");
    }
    if (components != 1 && components != 3) {
      throw new UnreadableImageException(
          "unknown-format", "JPEG of " + components + " colour components (1 or 3 can be read)");
    }
    return new Container("jpeg", u16(bytes, at + 3), u16(bytes, at + 1), u8(bytes, at), components);
  }

  /** SOF0…SOF15 but DHT (C4), JPG (C8) and DAC (CC), which share their range. */
  private static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  /**
   * A turned picture is refused, not turned: whether its mask was drawn before or after the turn
   * cannot be known here.
   */
  private static void checkOrientation(byte[] bytes, int from, int to) {
    int orientation = orientation(ByteBuffer.wrap(bytes, from, to - from).slice());
    if (orientation > 1 && orientation <= 8) {
      throw new UnreadableImageException(
          "orientation",
          "EXIF orientation " + orientation + "; write its pixels upright, and its mask's alike");
    }
  }

  /** The orientation of a TIFF header's first directory; 1 (upright) where it has none. */
  private static int orientation(ByteBuffer tiff) {
    if (tiff.remaining() < 8) {
      return 1;
    }
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    if (directory < 8 || directory > tiff.limit() - 2) {
      return 1;
    }
    int entries = tiff.getShort(directory) & 0xffff;
    for (int i = 0; i < entries && directory + 2 + 12L * (i + 1) <= tiff.limit(); i++) {
      int entry = directory + 2 + 12 * i;
      if ((tiff.getShort(entry) & 0xffff) == ORIENTATION) {
        return tiff.getShort(entry + 8) & 0xffff;
      }
    }
    return 1;
  }

  private static UnreadableImageException truncated(String format, int length, String missing) {
    return new UnreadableImageException(
        "truncated", format + " of " + length + " bytes ends without its " + missing);
  }

  private static boolean startsWith(byte[] bytes, int at, byte[] with) {
    return at + with.length <= bytes.length
        && Arrays.equals(bytes, at, at + with.length, with, 0, with.length);
  }

  private static int u8(byte[] bytes, int at) {
    return bytes[at] & 0xff;
  }

  private static int u16(byte[] bytes, int at) {
    return u8(bytes, at) << 8 | u8(bytes, at + 1);
  }

  private static int int32(byte[] bytes, int at) {
    return u16(bytes, at) << 16 | u16(bytes, at + 2);
  }
}
