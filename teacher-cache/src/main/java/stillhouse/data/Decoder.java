package stillhouse.data;

import com.twelvemonkeys.imageio.plugins.tiff.BigTIFFImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Bytes to samples, by one decoder a format whatever else is on the class path: the Java platform's
 * own for JPEG, PNG and BMP, TwelveMonkeys' for TIFF. Which decoder decides over pixels, and pixels
 * over what a cache holds, so none is looked up among those that happen to be registered.
 */
final class Decoder {
  /**
   * @param palette where the samples are indices
   */
  record Samples(Raster raster, Optional<IndexColorModel> palette) {}

  private Decoder() {}

  /**
   * @throws UnreadableImageException where the pixels can't be had whole
   */
  static Samples decode(byte[] bytes, Container container) {
    return decode(bytes, container, new Tile(0, 0, container.width(), container.height()));
  }

  /**
   * A region alone: memory for it and a few rows of the whole, and the time that it takes to come
   * there.
   *
   * @param region of the pixels as they are stored
   */
  static Samples decode(byte[] bytes, Container container, Tile region) {
    List<String> warnings = new ArrayList<>();
    boolean jpeg = container.format() == Container.Format.JPEG;
    byte[] plain = jpeg ? Container.withoutProfile(bytes) : bytes;
    try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(plain))) {
      ImageReader reader = reader(container.format());
      try {
        reader.setInput(in, true, true);
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        Samples samples = samples(reader, container, asked(container, region));
        warnings.stream()
            .filter(Decoder::losesPixels)
            .findFirst()
            .ifPresent(w -> refuse(container, w));
        checkSize(samples.raster(), container, asked(container, region));
        return new Samples(columns(samples.raster(), container, region), samples.palette());
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      if (e instanceof UnreadableImageException unreadable) {
        throw unreadable;
      }
      // Decoders throw whatever a broken stream leads them to.
      throw new UnreadableImageException("corrupt", name(container) + " decoder: " + e, e);
    }
  }

  private static Samples samples(ImageReader reader, Container container, Tile region)
      throws IOException {
    ImageReadParam asked = null; // nothing but the whole
    if (region.width() < container.width() || region.height() < container.height()) {
      asked = reader.getDefaultReadParam();
      asked.setSourceRegion(new Rectangle(region.x(), region.y(), region.width(), region.height()));
    }
    if (container.isCmyk()) {
      return new Samples(reader.readRaster(0, asked), Optional.empty());
    }
    BufferedImage image = reader.read(0, asked);
    return new Samples(
        image.getRaster(),
        image.getColorModel() instanceof IndexColorModel palette
            ? Optional.of(palette)
            : Optional.empty());
  }

  private static ImageReader reader(Container.Format format) throws IOException {
    return switch (format) {
      case JPEG -> platform("jpeg");
      case PNG -> platform("png");
      case BMP -> platform("bmp");
      case TIFF -> new TIFFImageReaderSpi().createReaderInstance(null);
      case BIG_TIFF -> new BigTIFFImageReaderSpi().createReaderInstance(null);
    };
  }

  private static ImageReader platform(String format) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (reader.getClass().getModule() == ImageIO.class.getModule()) {
        return reader;
      }
      reader.dispose();
    }
    throw new IllegalStateException("This Java platform has no decoder of its own for " + format);
  }

  /** TwelveMonkeys' reader takes tiles for wider than they are where a region ends inside one. */
  private static Tile asked(Container container, Tile region) {
    return switch (container.format()) {
      case TIFF, BIG_TIFF -> new Tile(0, region.y(), container.width(), region.height());
      case JPEG, PNG, BMP -> region;
    };
  }

  private static Raster columns(Raster raster, Container container, Tile region) {
    int x = region.x() - asked(container, region).x();
    return raster.getWidth() == region.width()
        ? raster
        : raster.createChild(x, 0, region.width(), region.height(), 0, 0, null);
  }

  private static void checkSize(Raster raster, Container container, Tile region) {
    if (raster.getWidth() != region.width() || raster.getHeight() != region.height()) {
      throw new UnreadableImageException(
          "corrupt",
          "header says "
              + ImageCodec.size(container.width(), container.height())
              + ", pixels of "
              + region
              + " are "
              + ImageCodec.size(raster.getWidth(), raster.getHeight()));
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

  private static void refuse(Container container, String warning) {
    throw new UnreadableImageException("truncated", name(container) + " decoder: " + warning);
  }

  private static String name(Container container) {
    return switch (container.format()) {
      case JPEG -> "JPEG";
      case PNG -> "PNG";
      case BMP -> "BMP";
      case TIFF, BIG_TIFF -> "TIFF";
    };
  }
}
