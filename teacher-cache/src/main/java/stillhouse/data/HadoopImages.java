package stillhouse.data;

import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import stillhouse.identity.Sha256;

/** Images wherever Hadoop's FileSystem reaches, each checked against its digest. */
public final class HadoopImages implements ImageSource {
  private static final long serialVersionUID = 1L;
  private final SerializableConfiguration hadoop;

  private HadoopImages(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  /** With the file systems and credentials of a session. */
  public static HadoopImages of(SparkSession spark) {
    return new HadoopImages(spark.sparkContext().hadoopConfiguration());
  }

  @Override
  public RgbImage read(String uri, String contentSha256) {
    return ImageCodec.decodeRgb(
        ImageReader.readVerified(uri, new Sha256(contentSha256), hadoop.value()));
  }
}
