package stillhouse.spark;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFs;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Hadoop's local file system, sums and all, that starts no processes. Where Hadoop's native library
 * is not installed, it runs {@code chmod} for every file and folder that it makes and {@code
 * readlink} eight times for a commit of Delta's: twenty processes and more for a small write.
 */
public final class LocalFiles extends LocalFileSystem {
  private static final String SCHEME = "file";

  /** As Hadoop makes it. */
  public LocalFiles() {
    super(new Disk());
  }

  /** What a Spark session is told for it to use this one. */
  public static Map<String, String> settings() {
    return Map.of(
        "spark.hadoop.fs.file.impl", LocalFiles.class.getName(),
        "spark.hadoop.fs.AbstractFileSystem.file.impl", Context.class.getName());
  }

  /** The same for Hadoop's FileContext, through which Delta writes its log. */
  public static final class Context extends ChecksumFs {
    /** As Hadoop makes it. */
    public Context(URI uri, Configuration conf) throws IOException, URISyntaxException {
      super(new DiskContext(uri, conf));
    }
  }

  private static final class DiskContext extends DelegateToFileSystem {
    DiskContext(URI uri, Configuration conf) throws IOException, URISyntaxException {
      super(uri, new Disk(), conf, SCHEME, false);
    }

    @Override
    public int getUriDefaultPort() {
      return -1; // a path has no port
    }

    @Override
    public boolean isValidName(String name) {
      return true; // whatever the disk takes
    }
  }

  private static final class Disk extends RawLocalFileSystem {
    @Override
    public void setPermission(Path path, FsPermission permission) throws IOException {
      if (permission.getStickyBit()) { // unknown to java.nio
        super.setPermission(path, permission);
      } else {
        Files.setPosixFilePermissions(
            pathToFile(path).toPath(), PosixFilePermissions.fromString(permission.toString()));
      }
    }

    @Override
    public FileStatus getFileLinkStatus(Path path) throws IOException {
      return Files.isSymbolicLink(pathToFile(path).toPath())
          ? super.getFileLinkStatus(path)
          : getFileStatus(path);
    }
  }
}
