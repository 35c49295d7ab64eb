package stillhouse.train;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** A local disk that renames as HDFS does: onto nothing that is there. */
public final class StrictRenames extends RawLocalFileSystem {
  @Override
  public URI getUri() {
    return URI.create("strict:///");
  }

  @Override
  public boolean rename(Path source, Path target) throws IOException {
    return !exists(target) && super.rename(source, target);
  }
}
