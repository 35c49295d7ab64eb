package stillhouse.cache;

import java.io.Serializable;
import stillhouse.data.RgbImage;

/** How an executor reads an image. */
@FunctionalInterface
public interface ImageSource extends Serializable {
  /**
   * @param contentSha256 what the file's bytes must hash to
   * @throws RuntimeException where the image can't be had; its message is quarantined with it
   */
  RgbImage read(String uri, String contentSha256);
}
