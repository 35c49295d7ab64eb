package stillhouse.data;

import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import stillhouse.identity.Sha256;

/**
 * Images wherever Hadoop's FileSystem reaches, each checked against its digest. The last frame that
 * a tile was cut from is kept for the tile that comes next, or where it is too large for that the
 * rows of that tile. Thread-safe.
 */
public final class HadoopImages implements ImageSource {
  private static final long serialVersionUID = 1L;
  private final SerializableConfiguration hadoop;
  private transient volatile Frame last;

  /**
   * What was decoded last.
   *
   * @param area of the frame
   */
  private record Frame(String uri, String contentSha256, Tile area, RgbImage image) {
    boolean holds(String otherUri, String otherSha256, Tile tile) {
      return uri.equals(otherUri) && contentSha256.equals(otherSha256) && area.holds(tile);
    }

    RgbImage cut(Tile tile) {
      return tile.within(area).cut(image);
    }
  }

  private HadoopImages(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  /** With the file systems and credentials of a session. */
  public static HadoopImages of(SparkSession spark) {
    return new HadoopImages(spark.sparkContext().hadoopConfiguration());
  }

  @Override
  public RgbImage read(String uri, String contentSha256, Optional<Tile> tile) {
    if (tile.isEmpty()) {
      return read(uri, contentSha256);
    }
    Frame frame = last;
    if (frame == null || !frame.holds(uri, contentSha256, tile.get())) {
      last = null; // not two at a time
      frame = frame(uri, contentSha256, tile.get());
      last = frame;
    }
    return frame.cut(tile.get());
  }

  private Frame frame(String uri, String contentSha256, Tile tile) {
    byte[] bytes = ImageReader.readVerified(uri, new Sha256(contentSha256), hadoop.value());
    Tile area = ImageCodec.decodedFor(bytes, tile);
    return new Frame(uri, contentSha256, area, ImageCodec.decodeRgb(bytes, area));
  }

  @Override
  public RgbImage read(String uri, String contentSha256) {
    return ImageCodec.decodeRgb(
        ImageReader.readVerified(uri, new Sha256(contentSha256), hadoop.value()));
  }
}
