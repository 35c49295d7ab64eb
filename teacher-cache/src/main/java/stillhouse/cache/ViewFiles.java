package stillhouse.cache;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/** A view's folder: its two JSON files and its Parquet files. */
final class ViewFiles {
  static final String INFO = "view.json";
  static final String PROJECTION = "projection.json";
  static final String DATA = "data";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** The JSON form of a {@link Projection}. */
  private record Directions(float[] mean, float[][] directions, float[] variances) {}

  private final Path folder;
  private final Configuration hadoop;

  ViewFiles(String folder, Configuration hadoop) {
    this.folder = new Path(folder);
    this.hadoop = hadoop;
  }

  String folder() {
    return folder.toString();
  }

  String data() {
    return new Path(folder, DATA).toString();
  }

  /** A view is complete once its {@code view.json}, written last, is there. */
  boolean complete() {
    try {
      return fileSystem().exists(new Path(folder, INFO));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look for " + folder + "/" + INFO, e);
    }
  }

  void deleteAll() {
    try {
      fileSystem().delete(folder, true);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete the incomplete view " + folder, e);
    }
  }

  ViewInfo readInfo() {
    return read(INFO, ViewInfo.class);
  }

  void write(ViewInfo info) {
    write(INFO, info);
  }

  Projection readProjection() {
    Directions json = read(PROJECTION, Directions.class);
    return new Projection(json.mean(), json.directions(), json.variances());
  }

  void write(Projection p) {
    write(PROJECTION, new Directions(p.mean(), p.directions(), p.variances()));
  }

  /** Every Parquet file with the rows of its row groups, by path. */
  List<ViewInfo.ViewFile> list() {
    List<ViewInfo.ViewFile> files = new ArrayList<>();
    try {
      for (FileStatus split : fileSystem().listStatus(new Path(data()))) {
        if (split.isDirectory()) {
          String name = split.getPath().getName();
          for (FileStatus file : fileSystem().listStatus(split.getPath(), ViewFiles::isParquet)) {
            files.add(
                new ViewInfo.ViewFile(
                    DATA + "/" + name + "/" + file.getPath().getName(),
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
    return folder.getFileSystem(hadoop);
  }

  private <T> T read(String name, Class<T> type) {
    Path file = new Path(folder, name);
    try (InputStream in = fileSystem().open(file)) {
      return JSON.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  private void write(String name, Object value) {
    Path file = new Path(folder, name);
    try (OutputStream out = fileSystem().create(file, true)) {
      out.write(JSON.writeValueAsBytes(value));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }
}
