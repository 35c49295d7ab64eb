package stillhouse.cache;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * When a folder's work began, by a small file in it: object stores have no folders, and say "now"
 * where they are asked for the time of one.
 */
final class FolderAge {
  private static final String STARTED = "_started"; // readers of Parquet pass over such names

  private FolderAge() {}

  /** Notes that work in the folder begins now. */
  static void start(FileSystem files, Path folder) throws IOException {
    try (var out = files.create(new Path(folder, STARTED), true)) {
      out.write(Long.toString(System.currentTimeMillis()).getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * Milliseconds of the epoch at which its work began; of a folder without such a note the time of
   * its newest file, of an empty one its own.
   */
  static long since(FileSystem files, FileStatus folder) throws IOException {
    try (var in = files.open(new Path(folder.getPath(), STARTED))) {
      return Long.parseLong(new String(in.readAllBytes(), StandardCharsets.UTF_8).strip());
    } catch (FileNotFoundException | NumberFormatException e) { // none, or not written whole
      return newest(files, folder);
    }
  }

  private static long newest(FileSystem files, FileStatus folder) throws IOException {
    long newest = Long.MIN_VALUE;
    try {
      RemoteIterator<LocatedFileStatus> all = files.listFiles(folder.getPath(), true);
      while (all.hasNext()) {
        newest = Math.max(newest, all.next().getModificationTime());
      }
    } catch (FileNotFoundException e) { // it went meanwhile
      return folder.getModificationTime();
    }
    return newest == Long.MIN_VALUE ? folder.getModificationTime() : newest;
  }
}
