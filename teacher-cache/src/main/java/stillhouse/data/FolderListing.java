package stillhouse.data;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import stillhouse.identity.Fingerprint;

/**
 * A folder's files as rows, in a task. They are passed on a page at a time, as the file system
 * gives them, so a folder of millions is nowhere held whole; one with a limit holds that many.
 */
final class FolderListing implements FlatMapFunction<FolderListing.Folder, Row> {
  private static final long serialVersionUID = 1L;

  /** Which of the data set's sources the folder is of. */
  static final String SOURCE = "source";

  /** The file's name without its ending: an image and its mask share it. */
  static final String BASE = "base";

  static final String URI = "uri";

  /** The group by the file's name; null where there is no pattern or it finds none. */
  static final String GROUP = "group";

  static final StructType SCHEMA =
      new StructType()
          .add(SOURCE, DataTypes.IntegerType)
          .add(BASE, DataTypes.StringType)
          .add(URI, DataTypes.StringType)
          .add(Samples.LENGTH, DataTypes.LongType)
          .add(Samples.MTIME, DataTypes.LongType)
          .add(GROUP, DataTypes.StringType);

  static final int ALL = Integer.MAX_VALUE;

  /**
   * @param limit take this many files, chosen by a hash of their names; or {@link #ALL}
   * @param endings of the files' names, in lower case
   */
  record Folder(int source, String path, int limit, List<String> endings) implements Serializable {}

  private final Pattern groupPattern;
  private final SerializableConfiguration hadoop;

  FolderListing(Optional<Pattern> groupPattern, Configuration hadoop) {
    this.groupPattern = groupPattern.orElse(null);
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  @Override
  public Iterator<Row> call(Folder folder) {
    Iterator<FileStatus> files = new Files(folder, hadoop.value());
    Iterator<FileStatus> taken = folder.limit() == ALL ? files : drawn(files, folder.limit());
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return taken.hasNext();
      }

      @Override
      public Row next() {
        return row(folder, taken.next());
      }
    };
  }

  /** A larger limit takes every file that a smaller one takes. */
  private static Iterator<FileStatus> drawn(Iterator<FileStatus> files, int limit) {
    Comparator<FileStatus> byDraw = Comparator.comparing(f -> draw(f.getPath().getName()));
    var kept = new PriorityQueue<>(byDraw.reversed());
    while (files.hasNext()) {
      kept.add(files.next());
      if (kept.size() > limit) {
        kept.remove();
      }
    }
    return kept.iterator();
  }

  /** Where a name stands in a shuffle that never changes. */
  private static String draw(String name) {
    return Fingerprint.of("limit").add("name", name).digest().hex();
  }

  private Row row(Folder folder, FileStatus file) {
    String name = file.getPath().getName();
    return RowFactory.create(
        folder.source(),
        name.substring(0, name.lastIndexOf('.')),
        file.getPath().toString(),
        file.getLen(),
        file.getModificationTime(),
        group(name));
  }

  private String group(String name) {
    if (groupPattern == null) {
      return null;
    }
    Matcher matcher = groupPattern.matcher(name);
    return matcher.find() ? matcher.group(1) : null;
  }

  /** The files of a folder that have one of its endings and are not hidden. */
  private static final class Files implements Iterator<FileStatus> {
    private final Folder folder;
    private final RemoteIterator<FileStatus> listed;
    private FileStatus next;

    Files(Folder folder, Configuration hadoop) {
      this.folder = folder;
      Path path = new Path(folder.path());
      try {
        listed = path.getFileSystem(hadoop).listStatusIterator(path);
      } catch (IOException e) {
        throw cannotList(e);
      }
    }

    @Override
    public boolean hasNext() {
      try {
        while (next == null && listed.hasNext()) {
          FileStatus file = listed.next();
          next = taken(file) ? file : null;
        }
        return next != null;
      } catch (IOException e) {
        throw cannotList(e);
      }
    }

    @Override
    public FileStatus next() {
      if (!hasNext()) {
        throw new NoSuchElementException("No further file in " + folder.path());
      }
      FileStatus file = next;
      next = null;
      return file;
    }

    private boolean taken(FileStatus file) {
      String name = file.getPath().getName().toLowerCase(Locale.ROOT);
      boolean hidden = name.startsWith(".") || name.startsWith("_");
      return file.isFile() && !hidden && folder.endings().stream().anyMatch(name::endsWith);
    }

    private UncheckedIOException cannotList(IOException e) {
      return new UncheckedIOException("Cannot list " + folder.path() + ": " + e.getMessage(), e);
    }
  }
}
