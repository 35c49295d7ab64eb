package stillhouse.data;

import java.io.Serializable;

/** How an executor reads a sample's image. */
@FunctionalInterface
public interface ImageSource extends Serializable {
  /**
   * @param contentSha256 what the file's bytes must hash to
   * @throws UnreadableImageException where the image can't be had; its reason goes to quarantine
   */
  RgbImage read(String uri, String contentSha256);
}
