package stillhouse.data;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

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
   * A JPEG, PNG, TIFF (its first page) or BMP as 8-bit RGB, turned upright by its orientation tag;
   * {@link Colours} says how samples become colours. Colours stand as stored, whatever a profile
   * says, as Pillow's {@code convert("RGB")} and OpenCV's {@code imread} have it.
   *
   * @throws UnreadableImageException where it cannot be read whole and true
   */
  public static RgbImage decodeRgb(byte[] bytes) {
    Container container = Container.of(bytes);
    requireWhole(container);
    return container
        .orientation()
        .upright(Colours.rgb(Decoder.decode(bytes, container), container));
  }

  /**
   * A region of a frame; of one that is too large to be decoded whole nothing else is.
   *
   * @param region of the upright frame
   * @throws UnreadableImageException as {@link #decodeRgb(byte[])}
   */
  static RgbImage decodeRgb(byte[] bytes, Tile region) {
    Container container = Container.of(bytes);
    if (container.fits()) {
      return region.cut(decodeRgb(bytes));
    }
    container.requireRegions();
    return Colours.rgb(Decoder.decode(bytes, container, region), container);
  }

  /**
   * What to decode for a tile and its neighbours: the frame, else the tile's rows of it, else the
   * tile, the first that may be decoded at once.
   */
  static Tile decodedFor(byte[] bytes, Tile tile) {
    Container container = Container.of(bytes);
    Picture frame = Picture.of(container);
    if (container.fits()) {
      return new Tile(0, 0, frame.width(), frame.height());
    }
    boolean rows = (long) frame.width() * tile.height() <= Container.MAX_PIXELS;
    return rows ? new Tile(0, tile.y(), frame.width(), tile.height()) : tile;
  }

  /**
   * Decodes a picture to see that it can be: whole, or where it is too large for that and {@code
   * tiles} cuts it, to its last row.
   *
   * @throws UnreadableImageException as {@link #decodeRgb(byte[])}
   */
  static Picture check(byte[] bytes, Tiles tiles) {
    Container container = Container.of(bytes);
    int width = container.width();
    int height = container.height();
    if (container.fits() || !tiles.cuts(width, height)) {
      requireWhole(container);
      Decoder.decode(bytes, container);
    } else {
      container.requireRegions();
      Decoder.decode(bytes, container, new Tile(0, height - 1, width, 1));
    }
    return Picture.of(container);
  }

  private static void requireWhole(Container container) {
    if (!container.fits()) {
      throw new UnreadableImageException(
          "too-large",
          size(container.width(), container.height())
              + " pixels (at most "
              + Container.MAX_PIXELS
              + "); set tiles: in the data set's YAML");
    }
  }

  /**
   * The class index of each pixel: the samples of a gray PNG of at most 8 bits, or a palette PNG's
   * indices (never its colours).
   *
   * @throws UnreadableImageException where it is anything else
   */
  public static ClassMask decodeMask(byte[] bytes) {
    return decodeMask(bytes, 0);
  }

  /**
   * @param mostPixels of its image: of a larger mask nothing is decoded where that would cost much
   */
  static ClassMask decodeMask(byte[] bytes, long mostPixels) {
    Container container = Container.of(bytes);
    checkMask(container);
    if (!container.fits() && container.pixels() > mostPixels) {
      throw new UnreadableImageException(
          "size",
          size(container.width(), container.height())
              + " pixels, more than the "
              + mostPixels
              + " of its image");
    }
    Raster raster = Decoder.decode(bytes, container).raster();
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
        container.format() == Container.Format.PNG
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
    if (container.orientation() != Orientation.UPRIGHT) {
      throw new UnreadableImageException(
          "orientation",
          "mask has EXIF orientation " + container.orientation().tag() + "; write it without");
    }
  }

  private static String describe(Container container) {
    return switch (container.format()) {
      case JPEG -> "a JPEG, whose compression changes class indices";
      case TIFF, BIG_TIFF -> "a TIFF";
      case BMP -> "a BMP";
      case PNG -> describePng(container);
    };
  }

  private static String describePng(Container container) {
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

  static String size(int width, int height) {
    return width + "×" + height;
  }
}
