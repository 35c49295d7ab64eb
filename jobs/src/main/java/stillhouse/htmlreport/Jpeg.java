package stillhouse.htmlreport;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import org.w3c.dom.Element;

/** JPEG bytes of a picture, its colours at full resolution: edges of one pixel keep theirs. */
final class Jpeg {
  private static final float QUALITY = 0.85f;
  private static final String FORMAT = "javax_imageio_jpeg_image_1.0";

  private Jpeg() {}

  static byte[] of(BufferedImage picture) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    var bytes = new ByteArrayOutputStream();
    try (var out = ImageIO.createImageOutputStream(bytes)) {
      ImageWriteParam settings = writer.getDefaultWriteParam();
      settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      settings.setCompressionQuality(QUALITY);
      IIOMetadata metadata =
          writer.getDefaultImageMetadata(
              ImageTypeSpecifier.createFromRenderedImage(picture), settings);
      metadata.setFromTree(FORMAT, unsampled(metadata));
      writer.setOutput(out);
      writer.write(null, new IIOImage(picture, null, metadata), settings);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot encode a JPEG in memory", e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /** Brightness is sampled at twice the colours' rate by default: here at the same. */
  private static IIOMetadataNode unsampled(IIOMetadata metadata) {
    var root = (IIOMetadataNode) metadata.getAsTree(FORMAT);
    var brightness = (Element) root.getElementsByTagName("componentSpec").item(0);
    brightness.setAttribute("HsamplingFactor", "1");
    brightness.setAttribute("VsamplingFactor", "1");
    return root;
  }
}
