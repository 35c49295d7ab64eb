package stillhouse.cache;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder whose JSON files stand whole and once. Any number of writers may fill it at the same
 * time, each under names of its own: they meet where one of these takes its last name.
 */
public final class PublishedFolder {
  private static final Logger log = LoggerFactory.getLogger(PublishedFolder.class);
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;
  private final Configuration hadoop;

  public PublishedFolder(Path folder, Configuration hadoop) {
    this.folder = folder;
    this.hadoop = hadoop;
  }

  public Path file(String name) {
    return new Path(folder, name);
  }

  FileSystem files() throws IOException {
    return folder.getFileSystem(hadoop);
  }

  public boolean has(String name) {
    try {
      return files().exists(file(name));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look for " + file(name), e);
    }
  }

  /**
   * Gives {@code draft}, which is written already, the name {@code target}, unless another writer
   * was first.
   *
   * @return whether it was renamed now. False of a rename that was done, but whose answer got lost:
   *     whoever needs to know reads whose the target is
   */
  public boolean publish(String draft, String target) {
    // A local disk looks for the target and renames in two steps, HDFS in one.
    synchronized (PublishedFolder.class) {
      try {
        return !has(target) && files().rename(file(draft), file(target));
      } catch (FileAlreadyExistsException e) {
        log.info("Another writer was first to make {}", file(target));
        return false;
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot write " + file(target), e);
      }
    }
  }

  public <T> T read(String name, Class<T> type) {
    try (InputStream in = files().open(file(name))) {
      return JSON.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file(name), e);
    }
  }

  public void write(String name, Object value) {
    try {
      write(name, JSON.writeValueAsBytes(value));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file(name), e);
    }
  }

  void write(String name, byte[] bytes) {
    try (OutputStream out = files().create(file(name), true)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file(name), e);
    }
  }

  /** Tidies: what can't be deleted is in nobody's way. */
  public void delete(String name) {
    try {
      files().delete(file(name), true);
    } catch (IOException e) {
      log.warn("Cannot delete {}: {}", file(name), e.toString());
    }
  }

  byte[] readBytes(String name) {
    try (InputStream in = files().open(file(name))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file(name), e);
    }
  }
}
