package stillhouse.predict;

import java.io.Serializable;
import stillhouse.data.RgbImage;

/** Reads a sample's image on an executor, checked against the hash of its content. */
@FunctionalInterface
public interface ImageSource extends Serializable {
  RgbImage read(String uri, String contentSha256);
}
