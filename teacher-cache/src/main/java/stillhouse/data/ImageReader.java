package stillhouse.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import stillhouse.identity.Sha256;

/** A file's bytes from wherever Hadoop's FileSystem reaches. Thread-safe. */
public final class ImageReader {
  private ImageReader() {}

  /**
   * @throws UnreadableImageException where the file is gone or may not be read
   * @throws UncheckedIOException where reading failed in a way that another try may mend
   */
  public static byte[] read(String uri, Configuration hadoop) {
    return read(uri, Integer.MAX_VALUE, hadoop);
  }

  /**
   * @param most bytes: of a longer file these alone
   * @throws UnreadableImageException as {@link #read(String, Configuration)}
   */
  static byte[] read(String uri, int most, Configuration hadoop) {
    if (uri.isEmpty()) {
      throw new UnreadableImageException("not-readable", "an empty path");
    }
    try {
      return readAll(new Path(uri), most, hadoop);
    } catch (IllegalArgumentException e) {
      if (e.getCause() instanceof URISyntaxException) {
        throw new UnreadableImageException(
            "not-readable", "Hadoop's file system can't open a name with a colon; rename it", e);
      }
      throw e;
    }
  }

  private static byte[] readAll(Path path, int most, Configuration hadoop) {
    try (var in = path.getFileSystem(hadoop).open(path)) {
      return in.readNBytes(most);
    } catch (FileNotFoundException | AccessControlException e) {
      throw new UnreadableImageException("not-readable", e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read image " + path + ": " + e.getMessage(), e);
    }
  }

  /**
   * @param sha256 the content that the samples table knows
   * @throws UnreadableImageException where the file holds something else by now
   */
  public static byte[] readVerified(String uri, Sha256 sha256, Configuration hadoop) {
    byte[] bytes = read(uri, hadoop);
    Sha256 actual = Sha256.of(bytes);
    if (!actual.equals(sha256)) {
      throw new UnreadableImageException(
          "content-changed",
          uri
              + " holds "
              + actual.brief()
              + ", the samples table knows "
              + sha256.brief()
              + "; run ingest again");
    }
    return bytes;
  }
}
