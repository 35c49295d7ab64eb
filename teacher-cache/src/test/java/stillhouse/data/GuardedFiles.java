package stillhouse.data;

import java.io.IOException;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.sql.SparkSession;

/** Local files, of which some are listed and may not be read. */
public final class GuardedFiles extends RawLocalFileSystem {
  /** Names of files that may not be read now. */
  static final Set<String> DENIED = ConcurrentHashMap.newKeySet();

  static void register(SparkSession spark) {
    spark.conf().set("fs.guarded.impl", GuardedFiles.class.getName());
  }

  static String uri(java.nio.file.Path folder) {
    return "guarded://" + folder;
  }

  @Override
  public URI getUri() {
    return URI.create("guarded:///");
  }

  @Override
  public String getScheme() {
    return "guarded";
  }

  @Override
  public FSDataInputStream open(Path path, int bufferSize) throws IOException {
    if (DENIED.contains(path.getName())) {
      throw new AccessControlException("Permission denied: " + path.getName());
    }
    return super.open(path, bufferSize);
  }
}
