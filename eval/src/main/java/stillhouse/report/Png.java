package stillhouse.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

/** PNG bytes of a picture. */
public final class Png {
  private Png() {}

  public static byte[] of(BufferedImage picture) {
    var bytes = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(picture, "png", bytes)) {
        throw new IllegalStateException("This Java has no PNG writer for " + picture);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot encode a PNG in memory", e);
    }
    return bytes.toByteArray();
  }
}
