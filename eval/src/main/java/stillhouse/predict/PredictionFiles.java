package stillhouse.predict;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

/**
 * What another tool wrote, as rows, in a task: of a folder a row a file, unopened; of a {@code
 * .npz} file a row an array.
 */
final class PredictionFiles implements FlatMapFunction<String, Row> {
  private static final long serialVersionUID = 1L;
  static final String ZIP = ".npz";
  private static final List<String> ENDINGS = List.of(".png", ".npy", ZIP);

  /** {@code taken}: whether it is a prediction, and not a file that lies beside them. */
  static final StructType SCHEMA =
      new StructType()
          .add(PredictionSet.NAME, DataTypes.StringType)
          .add(PredictionSet.URI, DataTypes.StringType)
          .add(PredictionSet.ARRAY, DataTypes.BinaryType)
          .add("stamp", DataTypes.StringType)
          .add("taken", DataTypes.BooleanType);

  private final SerializableConfiguration hadoop;

  PredictionFiles(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  @Override
  public Iterator<Row> call(String uri) {
    Path path = new Path(uri);
    try {
      return uri.toLowerCase(Locale.ROOT).endsWith(ZIP)
          ? new Arrays(
              uri, new ZipInputStream(path.getFileSystem(hadoop.value()).open(path), UTF_8))
          : new Files(path.getFileSystem(hadoop.value()).listStatusIterator(path));
    } catch (FileNotFoundException e) {
      throw new ConfigException("Cannot read predictions " + uri + ": there is no such file", e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read predictions " + uri + ": " + e.getMessage(), e);
    }
  }

  private record Files(RemoteIterator<FileStatus> listed) implements Iterator<Row> {
    @Override
    public boolean hasNext() {
      try {
        return listed.hasNext();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot list predictions: " + e.getMessage(), e);
      }
    }

    @Override
    public Row next() {
      try {
        FileStatus file = listed.next();
        String name = file.getPath().getName();
        boolean taken =
            file.isFile()
                && !name.startsWith(".")
                && ENDINGS.stream().anyMatch(name.toLowerCase(Locale.ROOT)::endsWith);
        return RowFactory.create(
            name,
            file.getPath().toString(),
            null,
            file.getLen() + " " + file.getModificationTime(),
            taken);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot list predictions: " + e.getMessage(), e);
      }
    }
  }

  private static final class Arrays implements Iterator<Row> {
    private final String uri;
    private final ZipInputStream zip;
    private ZipEntry next;

    Arrays(String uri, ZipInputStream zip) throws IOException {
      this.uri = uri;
      this.zip = zip;
      TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> close());
      advance();
    }

    private void close() {
      try {
        zip.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot close " + uri, e);
      }
    }

    private void advance() throws IOException {
      next = zip.getNextEntry();
    }

    @Override
    public boolean hasNext() {
      return next != null;
    }

    @Override
    public Row next() {
      if (next == null) {
        throw new NoSuchElementException("No further array in " + uri);
      }
      try {
        String name = next.getName();
        byte[] array = zip.readAllBytes();
        advance();
        return RowFactory.create(name, null, array, Sha256.of(array).hex(), name.endsWith(".npy"));
      } catch (IOException e) {
        throw new ConfigException(
            "Cannot read predictions %s: after array %s: %s"
                .formatted(uri, next.getName(), e.getMessage()),
            e);
      }
    }
  }
}
