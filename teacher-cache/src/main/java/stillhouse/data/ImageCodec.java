package stillhouse.data;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Image bytes to pixels and back. A picture is read from its raster, sample by sample: the
 * platform's colour conversion would brighten gray pictures and recolour those with a profile.
 * Everything is refused that would come out wrong in silence. Thread-safe.
 */
public final class ImageCodec {
  static {
    ImageIO.setUseCache(false);
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true");
    }
  }

  private ImageCodec() {}

  /**
   * A JPEG (gray or colour) or a PNG (any kind) as 8-bit RGB. Gray is repeated, a palette looked
   * up, 16 bits are rounded to 8; alpha is dropped and the colours stand as stored, as Pillow's
   * {@code convert("RGB")} and OpenCV's {@code imread} have it.
   *
   * @throws UnreadableImageException where it cannot be read whole and true
   */
  public static RgbImage decodeRgb(byte[] bytes) {
    Container container = Container.of(bytes);
    BufferedImage image = decode(bytes, container);
    Raster raster = image.getRaster();
    byte[] rgb = new byte[3 * image.getWidth() * image.getHeight()];
    if (image.getColorModel() instanceof IndexColorModel palette) {
      lookUp(raster, palette, rgb);
    } else {
      copy(raster, rgb);
    }
    return new RgbImage(image.getWidth(), image.getHeight(), rgb);
  }

  /**
   * The class index of each pixel: the samples of a gray PNG of at most 8 bits, or a palette PNG's
   * indices (never its colours).
   *
   * @throws UnreadableImageException where it is anything else
   */
  public static ClassMask decodeMask(byte[] bytes) {
    Container container = Container.of(bytes);
    checkMask(container);
    BufferedImage image = decode(bytes, container);
    Raster raster = image.getRaster();
    if (raster.getNumBands() != 1) {
      throw new UnreadableImageException(
          "mask-format", "mask PNG with transparency; write it as plain 8-bit gray");
    }
    int width = raster.getWidth();
    byte[] classes = new byte[width * raster.getHeight()];
    int[] row = new int[width];
    for (int y = 0, o = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int value : row) {
        classes[o++] = (byte) value;
      }
    }
    return new ClassMask(width, raster.getHeight(), classes);
  }

  /** 8-bit RGB PNG. */
  public static byte[] encodePng(RgbImage image) {
    var buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_3BYTE_BGR);
    return write(buffered, image.rgb());
  }

  /** 8-bit gray PNG of the class indices. */
  public static byte[] encodePng(ClassMask mask) {
    var buffered = new BufferedImage(mask.width(), mask.height(), BufferedImage.TYPE_BYTE_GRAY);
    return write(buffered, mask.classes());
  }

  private static byte[] write(BufferedImage image, byte[] samples) {
    image.getRaster().setDataElements(0, 0, image.getWidth(), image.getHeight(), samples);
    var out = new ByteArrayOutputStream(samples.length / 2 + 1024);
    try {
      if (!ImageIO.write(image, "png", out)) {
        throw new IllegalStateException("This Java platform has no PNG encoder");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot encode a PNG in memory", e);
    }
    return out.toByteArray();
  }

  private static void checkMask(Container container) {
    boolean indices =
        container.format().equals("png")
            && container.bits() <= 8
            && (container.colour() == Container.PNG_GRAY
                || container.colour() == Container.PNG_PALETTE);
    if (!indices) {
      throw new UnreadableImageException(
          "mask-format",
          "mask is "
              + describe(container)
              + " (must be a gray or palette PNG of at most 8 bits, its values class indices)");
    }
  }

  private static String describe(Container container) {
    if (!container.format().equals("png")) {
      return "a JPEG, whose compression changes class indices";
    }
    String colour =
        switch (container.colour()) {
          case Container.PNG_GRAY -> "gray";
          case Container.PNG_PALETTE -> "palette";
          case 4 -> "gray + alpha";
          case 6 -> "RGB + alpha";
          default -> "RGB";
        };
    return (container.bits() == 8 ? "an " : "a ") + container.bits() + "-bit " + colour + " PNG";
  }

  private static BufferedImage decode(byte[] bytes, Container container) {
    ImageReader reader = ImageIO.getImageReadersByFormatName(container.format()).next();
    List<String> warnings = new ArrayList<>();
    boolean jpeg = container.format().equals("jpeg");
    byte[] plain = jpeg ? Container.withoutProfile(bytes) : bytes;
    try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(plain))) {
      reader.setInput(in, true, true);
      reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
      BufferedImage image = reader.read(0);
      warnings.stream().filter(ImageCodec::losesPixels).findFirst().ifPresent(ImageCodec::refuse);
      if (image.getWidth() != container.width() || image.getHeight() != container.height()) {
        throw new UnreadableImageException(
            "corrupt",
            "header says "
                + size(container.width(), container.height())
                + ", pixels are "
                + size(image.getWidth(), image.getHeight()));
      }
      return image;
    } catch (IOException | RuntimeException e) {
      if (e instanceof UnreadableImageException unreadable) {
        throw unreadable;
      }
      // The platform's decoders throw whatever a broken stream leads them to.
      throw new UnreadableImageException(
          "corrupt", container.format().toUpperCase(Locale.ROOT) + " decoder: " + e, e);
    } finally {
      reader.dispose();
    }
  }

  /** libjpeg only warns of pixels that it made up; stray bytes between segments are harmless. */
  private static boolean losesPixels(String warning) {
    String lower = warning.toLowerCase(Locale.ROOT);
    return lower.contains("premature end")
        || lower.contains("truncated")
        || lower.contains("huffman")
        || lower.contains("missing eoi")
        || lower.contains("invalid progressive");
  }

  private static void refuse(String warning) {
    throw new UnreadableImageException("truncated", "JPEG decoder: " + warning);
  }

  private static void lookUp(Raster raster, IndexColorModel palette, byte[] rgb) {
    int[] row = new int[raster.getWidth()];
    for (int y = 0, o = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, row.length, 1, row);
      for (int index : row) {
        rgb[o++] = (byte) palette.getRed(index);
        rgb[o++] = (byte) palette.getGreen(index);
        rgb[o++] = (byte) palette.getBlue(index);
      }
    }
  }

  private static void copy(Raster raster, byte[] rgb) {
    int bands = raster.getNumBands();
    boolean gray = bands < 3; // the second of two, the fourth of four is alpha
    boolean deep = raster.getSampleModel().getSampleSize(0) == 16;
    int[] row = new int[raster.getWidth() * bands];
    for (int y = 0, o = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, row);
      for (int i = 0; i < row.length; i += bands) {
        for (int c = 0; c < 3; c++) {
          int sample = row[gray ? i : i + c];
          rgb[o++] = (byte) (deep ? (sample * 255 + 32767) / 65535 : sample);
        }
      }
    }
  }

  static String size(int width, int height) {
    return width + "×" + height;
  }
}
