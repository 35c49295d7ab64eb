package stillhouse.data;

import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.util.SerializableConfiguration;

/** Bytes of files that were listed, held against the length that they had then. */
final class ListedFiles implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Four for each pixel that a frame may have: a file is held whole while it is decoded. */
  private static final long MAX_BYTES = 4 * Container.MAX_FRAME_PIXELS;

  private final SerializableConfiguration hadoop;

  ListedFiles(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  private static final long MOST_LABELS = 1L << 28; // of one image; a picture inside its JSON, too

  /**
   * A file of one image's labels.
   *
   * @throws UnreadableImageException as {@link #read}, and where it is longer than 256 MiB
   */
  byte[] readLabels(String uri, long length) {
    if (length > MOST_LABELS) {
      throw new UnreadableImageException(
          "mask-too-large", uri + " has " + length + " bytes (at most " + MOST_LABELS + ")");
    }
    return read(uri, length);
  }

  /**
   * A file that was listed with no bytes is not opened: a pipe or a device is listed so, too, and
   * may never end.
   *
   * @throws UnreadableImageException where the file is gone, too large, or was written since it was
   *     listed
   */
  byte[] read(String uri, long length) {
    if (length > MAX_BYTES) {
      throw new UnreadableImageException(
          "too-large", uri + " has " + length + " bytes (at most " + MAX_BYTES + ")");
    }
    if (length == 0) {
      return new byte[0];
    }
    byte[] bytes = ImageReader.read(uri, (int) length + 1, hadoop.value());
    if (bytes.length != length) {
      throw new UnreadableImageException(
          "content-changed",
          "%s had %d bytes when listed and %s when read"
              .formatted(uri, length, bytes.length > length ? "more" : bytes.length));
    }
    return bytes;
  }
}
