package stillhouse.data;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;

/** How an executor reads a sample's image. */
@FunctionalInterface
public interface ImageSource extends Serializable {
  /**
   * @param contentSha256 what the file's bytes must hash to
   * @throws UnreadableImageException where the image can't be had; its reason goes to quarantine
   */
  RgbImage read(String uri, String contentSha256);

  /**
   * A sample's image: the file's, or the tile that the sample is of it.
   *
   * @param tile of the image as {@link #read(String, String)} gives it
   */
  default RgbImage read(String uri, String contentSha256, Optional<Tile> tile) {
    RgbImage frame = read(uri, contentSha256);
    return tile.map(t -> t.cut(frame)).orElse(frame);
  }

  /**
   * The image of a sample, by its columns image_uri, content_sha256 and, where there is one, tile.
   */
  default RgbImage read(Row sample) {
    return read(
        sample.getAs(Samples.IMAGE_URI), sample.getAs(Samples.CONTENT_SHA256), Tile.of(sample));
  }

  /**
   * A sample's image from the first of the files that can be read.
   *
   * @param uris at least one
   * @throws RuntimeException what the last of them failed with
   */
  default RgbImage readAny(List<String> uris, String contentSha256, Optional<Tile> tile) {
    RuntimeException last = new IllegalArgumentException("Invalid image: no file is named");
    for (String uri : uris) {
      try {
        return read(uri, contentSha256, tile);
      } catch (RuntimeException e) {
        last = e;
      }
    }
    throw last;
  }
}
