package stillhouse.cache;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A view's folder. Each writer has a folder of its own in it for rows and projection, and a view is
 * what {@code view.json} names: writers of one view meet at that file alone.
 */
final class ViewFiles {
  static final String INFO = "view.json";

  /** The rows of a view that names no folder: there its projection lies beside them. */
  static final String DATA = "data";

  private static final Logger log = LoggerFactory.getLogger(ViewFiles.class);
  private static final Duration ABANDONED = Duration.ofDays(7); // longer than any view takes

  // Spark takes no file for rows whose name begins so.
  private static final String OWN_PROJECTION = "_projection.json";
  private static final String OWN_INFO = "_view.json";
  private static final String REMOVED = "_removed.json";

  /** The JSON form of a {@link Projection}. */
  private record Directions(float[] mean, float[][] directions, float[] variances) {}

  private final Path folder;
  private final Configuration hadoop;
  private final PublishedFolder published;

  ViewFiles(String folder, Configuration hadoop) {
    this.folder = new Path(folder);
    this.hadoop = hadoop;
    this.published = new PublishedFolder(this.folder, hadoop);
  }

  String folder() {
    return folder.toString();
  }

  /** A name that no other writer has. */
  static String newData() {
    return DATA + "-" + UUID.randomUUID();
  }

  /**
   * @param data as {@link ViewInfo#data}
   */
  String data(String data) {
    return new Path(folder, data).toString();
  }

  /** A view is complete once its {@code view.json}, written last, is there. */
  boolean complete() {
    return published.has(INFO);
  }

  /**
   * Makes {@code info} the view, unless another writer was first. It is written whole under another
   * name and then renamed, so that nobody reads half of it.
   *
   * @return whether it is the view now
   */
  boolean publish(ViewInfo info) {
    String draft = info.data() + "/" + OWN_INFO;
    published.write(draft, info);
    // A rename that is sent again is answered with no, though it has been done.
    return published.publish(draft, INFO) || names(info.data());
  }

  private boolean names(String data) {
    return readInfo().data().equals(data);
  }

  /** Removes what a writer made, where it is not the view. */
  void drop(String data) {
    try {
      if (!complete() || !names(data)) {
        fileSystem().delete(new Path(folder, data), true);
      }
    } catch (IOException | UncheckedIOException e) {
      log.warn("Cannot delete {}/{}, which no view names: {}", folder, data, e.toString());
    }
  }

  /** Removes what writers left that were stopped long ago; the others may be at work. */
  void dropAbandoned(ViewInfo view) {
    try {
      dropAll(abandoned(Optional.of(view)));
    } catch (IOException e) {
      log.warn("Cannot look for what stopped writers left in {}: {}", folder, e.toString());
    }
  }

  /**
   * As {@link #dropAbandoned(ViewInfo)}, of a folder that may hold no view; the folder goes too
   * where nothing is left in it.
   *
   * @param dryRun whether they stay
   * @return bytes of what went, or would
   */
  long dropAbandoned(boolean dryRun) {
    try {
      List<Path> old = abandoned(complete() ? Optional.of(readInfo()) : Optional.empty());
      long bytes = 0;
      for (Path data : old) {
        bytes += fileSystem().getContentSummary(data).getLength();
      }
      if (!dryRun && !old.isEmpty()) {
        dropAll(old);
        if (fileSystem().listStatus(folder).length == 0) {
          fileSystem().delete(folder, false);
        }
      }
      return bytes;
    } catch (FileNotFoundException e) {
      return 0; // another job was first
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove what stopped writers left in " + folder, e);
    }
  }

  private List<Path> abandoned(Optional<ViewInfo> view) throws IOException {
    long before = System.currentTimeMillis() - ABANDONED.toMillis();
    List<Path> old = new ArrayList<>();
    for (FileStatus file : fileSystem().listStatus(folder)) {
      String name = file.getPath().getName();
      boolean anothers = name.startsWith(DATA) && view.filter(v -> v.data().equals(name)).isEmpty();
      if (file.isDirectory() && anothers && FolderAge.since(fileSystem(), file) < before) {
        old.add(file.getPath());
      }
    }
    return old;
  }

  private void dropAll(List<Path> old) {
    for (Path data : old) {
      log.info("Deleting {}, which a stopped writer left", data);
      drop(data.getName());
    }
  }

  /** When {@code view.json} was put there, milliseconds of the epoch. */
  long published() {
    try {
      return fileSystem().getFileStatus(new Path(folder, INFO)).getModificationTime();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look at " + folder + "/" + INFO, e);
    }
  }

  /**
   * Removes the view, unless somebody turns out to need it. From the first step on it is no view
   * any more: who looks for it then makes it again. Who has found it before has pinned it before
   * that, so he is seen by {@code needed}, and the step is taken back.
   *
   * @param needed asked once the view is hidden
   * @return whether it is gone
   */
  boolean remove(BooleanSupplier needed) {
    ViewInfo info = readInfo();
    Path published = new Path(folder, INFO);
    Path hidden = new Path(folder, REMOVED);
    try {
      if (!fileSystem().rename(published, hidden)) {
        return false;
      }
      if (needed.getAsBoolean()) {
        return !fileSystem().rename(hidden, published);
      }
      fileSystem().delete(new Path(folder, info.data()), true);
      fileSystem().delete(new Path(folder, projection(info.data())), false);
      fileSystem().delete(hidden, false);
      if (fileSystem().listStatus(folder).length == 0) {
        fileSystem().delete(folder, false);
      }
      return true;
    } catch (FileNotFoundException e) {
      log.info("Another job removes {}", folder);
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove view " + folder, e);
    }
  }

  ViewInfo readInfo() {
    return published.read(INFO, ViewInfo.class);
  }

  Projection readProjection(String data) {
    Directions json = published.read(projection(data), Directions.class);
    return new Projection(json.mean(), json.directions(), json.variances());
  }

  void write(Projection p, String data) {
    published.write(projection(data), new Directions(p.mean(), p.directions(), p.variances()));
  }

  private static String projection(String data) {
    return data.equals(DATA) ? "projection.json" : data + "/" + OWN_PROJECTION;
  }

  /** Every Parquet file with the rows of its row groups, by path. */
  List<ViewInfo.ViewFile> list(String data) {
    List<ViewInfo.ViewFile> files = new ArrayList<>();
    try {
      for (FileStatus split : fileSystem().listStatus(new Path(folder, data))) {
        if (split.isDirectory()) {
          String name = split.getPath().getName();
          for (FileStatus file : fileSystem().listStatus(split.getPath(), ViewFiles::isParquet)) {
            files.add(
                new ViewInfo.ViewFile(
                    data + "/" + name + "/" + file.getPath().getName(),
                    name.substring(name.indexOf('=') + 1),
                    rowGroups(file)));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list the files of view " + folder, e);
    }
    // Spark's names begin with the number of the part, so this order is that of the hash.
    files.sort(Comparator.comparing(ViewInfo.ViewFile::path));
    return files;
  }

  private int[] rowGroups(FileStatus file) throws IOException {
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromStatus(file, hadoop))) {
      List<BlockMetaData> groups = reader.getRowGroups();
      int[] rows = new int[groups.size()];
      Arrays.setAll(rows, i -> Math.toIntExact(groups.get(i).getRowCount()));
      return rows;
    }
  }

  private static boolean isParquet(Path path) {
    return path.getName().endsWith(".parquet");
  }

  private FileSystem fileSystem() throws IOException {
    return published.files();
  }
}
