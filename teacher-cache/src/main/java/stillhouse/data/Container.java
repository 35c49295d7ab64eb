package stillhouse.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * What the bytes around the pixels say, read before any pixel is decoded: decoders pass over a
 * missing end and an orientation in silence, and allocate whatever a header claims.
 *
 * @param width of the pixels as they are stored, before they are turned upright
 * @param bits bits a sample, of a BMP bits a pixel
 * @param colour a PNG's colour type (0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGB + alpha); a
 *     JPEG's number of components, or {@link #JPEG_YCCK}; a TIFF's photometric interpretation; 0 of
 *     a BMP
 * @param progressive a JPEG whose decoder holds all of its coefficients, whatever region it is
 *     asked for
 */
record Container(
    Format format,
    int width,
    int height,
    int bits,
    int colour,
    Orientation orientation,
    boolean progressive) {
  /** Of a picture that is not a progressive JPEG. */
  Container(Format format, int width, int height, int bits, int colour, Orientation orientation) {
    this(format, width, height, bits, colour, orientation, false);
  }

  enum Format {
    JPEG,
    PNG,
    TIFF,
    BIG_TIFF,
    BMP
  }

  /**
   * 8192×4096, 100 MB as 8-bit RGB and thrice that while it is decoded, once a task: past this only
   * a region is decoded at a time.
   */
  static final long MAX_PIXELS = 1L << 25;

  /** 16384×16384: a mask of as many bytes is held whole, once a task. */
  static final long MAX_FRAME_PIXELS = 1L << 28;

  static final int PNG_GRAY = 0;
  static final int PNG_PALETTE = 3;

  /** Four components as they stand. */
  static final int JPEG_CMYK = 4;

  /** Four components, the first three as luma and chroma (Adobe's transform 2). */
  static final int JPEG_YCCK = 5;

  static final long TIFF_CMYK = 5;

  private static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10};
  private static final byte[] EXIF = {'E', 'x', 'i', 'f', 0, 0};
  private static final byte[] PROFILE = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ADOBE = "Adobe".getBytes(StandardCharsets.US_ASCII);

  static Container of(byte[] bytes) {
    if (bytes.length == 0) {
      throw new UnreadableImageException("empty", "0 bytes");
    }
    Container container;
    if (startsWith(bytes, 0, PNG_SIGNATURE)) {
      container = png(bytes);
    } else if (bytes.length > 2 && u8(bytes, 0) == 0xff && u8(bytes, 1) == 0xd8) {
      container = jpeg(bytes);
    } else if (TiffHeader.starts(bytes)) {
      container = TiffHeader.read(bytes);
    } else if (BmpHeader.starts(bytes)) {
      container = BmpHeader.read(bytes);
    } else {
      throw new UnreadableImageException(
          "unknown-format",
          "neither JPEG, PNG, TIFF nor BMP: starts with "
              + HexFormat.of().formatHex(bytes, 0, Math.min(8, bytes.length)));
    }
    container.checkSize();
    return container;
  }

  /** Whether the samples are inks: cyan, magenta, yellow and black. */
  boolean isCmyk() {
    return switch (format) {
      case JPEG -> colour >= JPEG_CMYK;
      case TIFF, BIG_TIFF -> colour == TIFF_CMYK;
      case PNG, BMP -> false;
    };
  }

  void checkSize() {
    if (width < 1 || height < 1) {
      throw new UnreadableImageException("corrupt", "size " + width + "×" + height);
    }
    if (pixels() > MAX_FRAME_PIXELS) {
      throw new UnreadableImageException(
          "too-large",
          width + "×" + height + " pixels (at most " + MAX_FRAME_PIXELS + "); cut it up");
    }
  }

  long pixels() {
    return (long) width * height;
  }

  /** Whether it may be decoded whole. */
  boolean fits() {
    return pixels() <= MAX_PIXELS;
  }

  /**
   * @throws UnreadableImageException where a decoder would hold more of it than a region
   */
  void requireRegions() {
    if (progressive || orientation != Orientation.UPRIGHT) {
      throw new UnreadableImageException(
          "too-large",
          "%d×%d pixels (at most %d where it is %s); write it %s"
              .formatted(
                  width,
                  height,
                  MAX_PIXELS,
                  progressive ? "a progressive JPEG" : "turned by its orientation tag",
                  progressive ? "as a baseline JPEG" : "upright"));
    }
  }

  /** Walks a PNG's chunks to its end, each CRC checked. */
  private static Container png(byte[] bytes) {
    Container header = null;
    Orientation orientation = Orientation.UPRIGHT;
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
                Format.PNG,
                int32(bytes, data),
                int32(bytes, data + 4),
                u8(bytes, data + 8),
                u8(bytes, data + 9),
                Orientation.UPRIGHT);
      } else if (type.equals("eXIf")) {
        orientation = orientation(bytes, data, data + length);
      } else if (type.equals("IEND") && header != null) {
        return header.turned(orientation);
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
    Orientation orientation = Orientation.UPRIGHT;
    int transform = 0;
    int at = 2;
    while (at + 1 < bytes.length) {
      if (u8(bytes, at) != 0xff) {
        at++; // entropy-coded data, or padding that decoders skip too
        continue;
      }
      int marker = u8(bytes, at + 1);
      if (marker == 0xd9 && header != null) {
        return (transform == 2 ? header.transformed() : header).turned(orientation);
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
        header = frame(bytes, at + 4, marker);
      } else if (marker == 0xe1 && startsWith(bytes, at + 4, EXIF)) {
        orientation = orientation(bytes, at + 4 + EXIF.length, end);
      } else if (marker == 0xee && startsWith(bytes, at + 4, ADOBE) && end - at >= 16) {
        transform = u8(bytes, at + 15);
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

  private static Container frame(byte[] bytes, int at, int marker) {
    int components = u8(bytes, at + 5);
    if (components != 1 && components != 3 && components != JPEG_CMYK) {
      throw new UnreadableImageException(
          "unknown-format", "JPEG of " + components + " colour components (1, 3 or 4 can be read)");
    }
    return new Container(
        Format.JPEG,
        u16(bytes, at + 3),
        u16(bytes, at + 1),
        u8(bytes, at),
        components,
        Orientation.UPRIGHT,
        marker != 0xc0 && marker != 0xc1);
  }

  private Container turned(Orientation to) {
    return new Container(format, width, height, bits, colour, to, progressive);
  }

  private Container transformed() {
    int known = colour == JPEG_CMYK ? JPEG_YCCK : colour;
    return new Container(format, width, height, bits, known, orientation, progressive);
  }

  /** SOF0…SOF15 but DHT (C4), JPG (C8) and DAC (CC), which share their range. */
  private static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  private static Orientation orientation(byte[] bytes, int from, int to) {
    return Orientation.of(orientation(ByteBuffer.wrap(bytes, from, to - from).slice()));
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
      if ((tiff.getShort(entry) & 0xffff) == TiffHeader.ORIENTATION) {
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
