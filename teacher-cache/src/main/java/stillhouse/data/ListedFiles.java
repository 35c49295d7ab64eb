package stillhouse.data;

import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.util.SerializableConfiguration;

/** Bytes of files that were listed, held against the length that they had then. */
final class ListedFiles implements Serializable {
  private static final long serialVersionUID = 1L;

  private final SerializableConfiguration hadoop;

  ListedFiles(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  /**
   * @throws UnreadableImageException where the file is gone, or was written since it was listed
   */
  byte[] read(String uri, long length) {
    byte[] bytes = ImageReader.read(uri, hadoop.value());
    if (bytes.length != length) {
      throw new UnreadableImageException(
          "content-changed",
          uri + " had " + length + " bytes when listed and " + bytes.length + " when read");
    }
    return bytes;
  }
}
