package stillhouse.data;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * A folder's files as rows, in a task. They are passed on a page at a time, as the file system
 * gives them, so a folder of millions is nowhere held whole; one with a limit holds that many. What
 * is passed over is counted: one more row for each {@link Kind} of it.
 */
final class FolderListing implements FlatMapFunction<FolderListing.Folder, Row> {
  private static final long serialVersionUID = 1L;

  /** Which of the data set's sources the folder is of. */
  static final String SOURCE = "source";

  /** What an image and its labels share: by {@link FileNames}. */
  static final String BASE = "base";

  /** The class that a label file is of, 1…K; 0 where its place says none. */
  static final String LABEL = "label";

  static final String URI = "uri";

  /** The group by the file's name; null where there is no pattern or it finds none. */
  static final String GROUP = "group";

  /** What the row counts, a {@link Kind}; null in the row of a file that is taken. */
  static final String PASSED = "passed";

  /** How many of the kind the folder has; {@link #URI} names one of them. */
  static final String PASSED_COUNT = "passed_count";

  static final StructType SCHEMA =
      new StructType()
          .add(SOURCE, DataTypes.IntegerType)
          .add(BASE, DataTypes.StringType)
          .add(LABEL, DataTypes.IntegerType)
          .add(URI, DataTypes.StringType)
          .add(Samples.LENGTH, DataTypes.LongType)
          .add(Samples.MTIME, DataTypes.LongType)
          .add(GROUP, DataTypes.StringType)
          .add(PASSED, DataTypes.StringType)
          .add(PASSED_COUNT, DataTypes.LongType);

  /**
   * @param subset which files are taken
   * @param endings of the files' names, in lower case
   * @param beside endings of other files, which are passed over without a word
   * @param groupPattern found in a file's name, its group 1 is the group; null where there is none
   */
  record Folder(
      int source,
      String path,
      Subset subset,
      List<String> endings,
      List<String> beside,
      FileNames names,
      Pattern groupPattern)
      implements Serializable {}

  /** What a listing passes over. */
  enum Kind {
    FOLDER("folders, whose files are not entered"),
    HIDDEN("hidden files"),
    ENDING("files of other endings"),
    NAME("files that are not named as the layout has it"),
    ORPHAN("labels that are of no image");

    final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  private final SerializableConfiguration hadoop;

  FolderListing(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  @Override
  public Iterator<Row> call(Folder folder) {
    Files files = new Files(folder, hadoop.value());
    Subset subset = folder.subset();
    Iterator<Taken> taken = subset.isLimited() ? drawn(files, subset.limit()) : files;
    return new Iterator<>() {
      private Iterator<Row> passed; // null until every file was seen

      @Override
      public boolean hasNext() {
        return taken.hasNext() || passed().hasNext();
      }

      @Override
      public Row next() {
        return taken.hasNext() ? row(folder, taken.next()) : passed().next();
      }

      private Iterator<Row> passed() {
        if (passed == null) {
          passed = files.passed().iterator();
        }
        return passed;
      }
    };
  }

  private record Drawn(String place, Taken file) {
    static Drawn of(Taken file) {
      return new Drawn(Subset.place(file.path()), file);
    }
  }

  /** A larger limit takes every file that a smaller one takes. */
  private static Iterator<Taken> drawn(Iterator<Taken> files, int limit) {
    var kept = new PriorityQueue<>(Comparator.comparing(Drawn::place).reversed());
    while (files.hasNext()) {
      kept.add(Drawn.of(files.next()));
      if (kept.size() > limit) {
        kept.remove();
      }
    }
    return kept.stream().map(Drawn::file).iterator();
  }

  private static Row row(Folder folder, Taken taken) {
    FileStatus file = taken.status();
    return RowFactory.create(
        folder.source(),
        taken.named().base(),
        taken.named().label(),
        file.getPath().toString(),
        file.getLen(),
        file.getModificationTime(),
        group(folder.groupPattern(), file.getPath().getName()),
        null,
        null);
  }

  private static String group(Pattern pattern, String name) {
    if (pattern == null) {
      return null;
    }
    Matcher matcher = pattern.matcher(name);
    return matcher.find() ? matcher.group(1) : null;
  }

  /**
   * @param path from the folder
   */
  private record Taken(FileStatus status, String path, FileNames.Named named) {}

  /** The files of a folder that have one of its endings and are not hidden. */
  private static final class Files implements Iterator<Taken> {
    /** How many of a kind, and the first of them. */
    private record Passed(long count, String example) {
      Passed and(Passed other) {
        return new Passed(count + other.count, example);
      }
    }

    private final Map<Kind, Passed> passed = new EnumMap<>(Kind.class);
    private final Folder folder;
    private final RemoteIterator<? extends FileStatus> listed;
    private final int prefix;
    private Taken next;

    Files(Folder folder, Configuration hadoop) {
      this.folder = folder;
      Path path = new Path(folder.path());
      try {
        FileSystem system = path.getFileSystem(hadoop);
        String root = system.makeQualified(path).toUri().getPath();
        prefix = root.endsWith("/") ? root.length() : root.length() + 1;
        listed =
            folder.names().recursive()
                ? system.listFiles(path, true)
                : system.listStatusIterator(path);
      } catch (IOException e) {
        throw cannotList(e);
      }
    }

    @Override
    public boolean hasNext() {
      try {
        while (next == null && listed.hasNext()) {
          take(listed.next());
        }
        return next != null;
      } catch (IOException e) {
        throw cannotList(e);
      }
    }

    private void take(FileStatus file) {
      String path = file.getPath().toUri().getPath().substring(prefix);
      if (endsWith(folder.beside(), path)) {
        return;
      }
      Optional<Kind> kind = kind(file, path);
      if (kind.isPresent()) {
        pass(kind.get(), file);
        return;
      }
      folder
          .names()
          .named(path)
          .ifPresentOrElse(named -> take(file, path, named), () -> pass(Kind.NAME, file));
    }

    private void take(FileStatus file, String path, FileNames.Named named) {
      if (folder.subset().shares(path)) {
        next = new Taken(file, path, named);
      }
    }

    private void pass(Kind kind, FileStatus file) {
      passed.merge(kind, new Passed(1, file.getPath().toString()), Passed::and);
    }

    /** A row for each kind that was passed over so far. */
    List<Row> passed() {
      List<Row> rows = new ArrayList<>();
      passed.forEach(
          (kind, p) ->
              rows.add(
                  RowFactory.create(
                      folder.source(),
                      null,
                      null,
                      p.example(),
                      null,
                      null,
                      null,
                      kind.name(),
                      p.count())));
      return rows;
    }

    @Override
    public Taken next() {
      if (!hasNext()) {
        throw new NoSuchElementException("No further file in " + folder.path());
      }
      Taken file = next;
      next = null;
      return file;
    }

    /** Empty for a file that is taken. */
    private Optional<Kind> kind(FileStatus file, String path) {
      if (path.startsWith(".") || path.contains("/.")) {
        return Optional.of(Kind.HIDDEN);
      }
      if (!file.isFile()) {
        return Optional.of(Kind.FOLDER);
      }
      return endsWith(folder.endings(), path) ? Optional.empty() : Optional.of(Kind.ENDING);
    }

    private static boolean endsWith(List<String> endings, String path) {
      String lower = path.toLowerCase(Locale.ROOT);
      return endings.stream().anyMatch(lower::endsWith);
    }

    private UncheckedIOException cannotList(IOException e) {
      return new UncheckedIOException("Cannot list " + folder.path() + ": " + e.getMessage(), e);
    }
  }
}
