package stillhouse.cache;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.fs.ContentSummary;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * What lies below a folder.
 *
 * @param name its own, without the folders that it is in
 */
public record FolderSize(String name, long files, long bytes) {

  /** Of one folder; nothing where there is none. */
  public static FolderSize of(SparkSession spark, String path) {
    var folder = new Path(path);
    try {
      ContentSummary sum = fileSystem(spark, folder).getContentSummary(folder);
      return new FolderSize(folder.getName(), sum.getFileCount(), sum.getLength());
    } catch (FileNotFoundException e) {
      return new FolderSize(folder.getName(), 0, 0);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot measure " + path, e);
    }
  }

  /** Of each folder in a folder, by name; none where there is none. */
  public static List<FolderSize> in(SparkSession spark, String path) {
    var folder = new Path(path);
    List<FolderSize> sizes = new ArrayList<>();
    try {
      for (FileStatus child : fileSystem(spark, folder).listStatus(folder)) {
        if (child.isDirectory()) {
          sizes.add(of(spark, child.getPath().toString()));
        }
      }
    } catch (FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + path, e);
    }
    sizes.sort(Comparator.comparing(FolderSize::name));
    return sizes;
  }

  private static FileSystem fileSystem(SparkSession spark, Path path) throws IOException {
    return path.getFileSystem(spark.sessionState().newHadoopConf());
  }
}
