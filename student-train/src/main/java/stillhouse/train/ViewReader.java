package stillhouse.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import stillhouse.cache.TrainingView;
import stillhouse.cache.ViewInfo;
import stillhouse.conf.ConfigException;
import stillhouse.data.View;

/**
 * Reads one split of a training view, row group by row group in any order, only the columns asked
 * for. Footers are read once. The groups read last are kept, up to a bound in bytes, so that the
 * slots of a batch each stay in their own. Thread-safe.
 */
public final class ViewReader {
  /** The Parquet field of a row's view, where rows may be of several. */
  static final String VIEW = "view";

  private record GroupAt(ViewInfo.ViewFile file, int index, int rows) {}

  /** The rows of one group, in the file's order. */
  private record Group(List<ViewSample> rows, long bytes) {}

  private final TrainingView view;
  private final Configuration hadoop;
  private final List<View> views;
  private final Set<Column> columns;
  private final long cacheBytes;
  private final List<GroupAt> groups = new ArrayList<>();
  private final Map<Path, ParquetMetadata> footers = new ConcurrentHashMap<>();
  private final LinkedHashMap<Integer, Group> cache = new LinkedHashMap<>(16, 0.75f, true);
  private final long groupBytes;
  private long cachedBytes;
  private long groupsRead;

  /**
   * @param cacheBytes what the kept row groups may weigh, decompressed; a batch's slots need one
   *     each, see {@link #groupBytes()}
   * @throws IllegalArgumentException where the view has no row of {@code split}, or no logits where
   *     they are asked for
   */
  public ViewReader(
      TrainingView view, String split, Set<Column> columns, long cacheBytes, Configuration hadoop) {
    this.view = view;
    this.hadoop = hadoop;
    this.views = view.info().views(split);
    this.columns = columns.isEmpty() ? Set.of() : Set.copyOf(EnumSet.copyOf(columns));
    this.cacheBytes = cacheBytes;
    for (ViewInfo.ViewFile file : view.info().files(split)) {
      for (int g = 0; g < file.rowGroups().length; g++) {
        groups.add(new GroupAt(file, g, file.rowGroups()[g]));
      }
    }
    if (groups.isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot read split '"
              + split
              + "' of "
              + view.folder()
              + ": it has "
              + view.info().rows()
              + ". Ingest more images, or change the split's shares.");
    }
    if (columns.contains(Column.LOGITS) && !view.info().hasLogits()) {
      throw new IllegalArgumentException(
          "Cannot read logits of "
              + view.folder()
              + ": its teacher '"
              + view.info().provenance().get("teacher")
              + "' gives none. Take a recipe that learns from features alone, or another teacher.");
    }
    this.groupBytes = fullGroupBytes();
  }

  public ViewInfo info() {
    return view.info();
  }

  public Set<Column> columns() {
    return columns;
  }

  /** Samples of each row group, as {@link SampleOrder} takes them: a sample has a row a view. */
  public int[] rowsPerGroup() {
    return groups.stream().mapToInt(group -> group.rows() / views.size()).toArray();
  }

  /** What a full row group weighs with the columns read, decompressed. */
  public long groupBytes() {
    return groupBytes;
  }

  private long fullGroupBytes() {
    ViewInfo info = view.info();
    long row = info.pixelBytes();
    for (Column column : columns) {
      row +=
          switch (column) {
            case MASK -> info.maskBytes();
            case EMBEDDING -> info.embeddingBytes();
            case STRUCTURE -> info.structureBytes();
            case LOGITS -> info.logitsBytes();
          };
    }
    return row * views.size() * Arrays.stream(rowsPerGroup()).max().orElseThrow();
  }

  public long cacheBytes() {
    return cacheBytes;
  }

  /** Row groups read from storage so far. */
  public synchronized long groupsRead() {
    return groupsRead;
  }

  /**
   * Each sample's row of each view, in {@link ViewInfo#views}'s order. Groups that are not kept are
   * read side by side; what of the kept ones is not asked for makes room for them first, so that no
   * more is held than the cache may weigh, and which go does not depend on the threads.
   */
  List<List<ViewSample>> views(List<SampleOrder.Position> positions, Decoders decoders) {
    List<Integer> wanted = positions.stream().map(SampleOrder.Position::group).distinct().toList();
    Map<Integer, Group> found = kept(wanted);
    List<Integer> missing = wanted.stream().filter(g -> !found.containsKey(g)).toList();
    Group[] read = new Group[missing.size()];
    decoders.each(
        read.length,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            read[i] = read(groups.get(missing.get(i)));
          }
        });
    for (int i = 0; i < read.length; i++) {
      keep(missing.get(i), read[i]);
      found.put(missing.get(i), read[i]);
    }
    return positions.stream().map(at -> views(found.get(at.group()), at.row())).toList();
  }

  private List<ViewSample> views(Group group, int row) {
    return group.rows().subList(row * views.size(), (row + 1) * views.size());
  }

  /** Those that are kept, which are the last to go now; makes room for the others. */
  private synchronized Map<Integer, Group> kept(List<Integer> wanted) {
    Map<Integer, Group> found = new HashMap<>();
    for (Integer index : wanted) {
      Group group = cache.get(index);
      if (group != null) {
        found.put(index, group);
      }
    }
    int missing = wanted.size() - found.size();
    if (missing > 0) {
      dropTo(cacheBytes - missing * groupBytes(), 0);
    }
    return found;
  }

  private synchronized void keep(int index, Group read) {
    groupsRead++;
    Group before = cache.put(index, read); // another caller's, who read it meanwhile
    cachedBytes += read.bytes() - (before == null ? 0 : before.bytes());
    dropTo(cacheBytes, 1); // the one just read stays, whatever it weighs
  }

  /** Least recently used first. */
  private void dropTo(long bytes, int least) {
    for (Iterator<Group> old = cache.values().iterator();
        cachedBytes > bytes && cache.size() > least; ) {
      cachedBytes -= old.next().bytes();
      old.remove();
    }
  }

  private Group read(GroupAt at) {
    Path path = new Path(view.folder(), at.file().path());
    try (ParquetFileReader reader = ParquetFileReader.open(hadoop, path, footer(path))) {
      MessageType schema = reader.getFileMetaData().getSchema();
      MessageType requested = projection(schema, path);
      reader.setRequestedSchema(requested);
      PageReadStore pages = reader.readRowGroup(at.index());
      RecordReader<ViewSample> records =
          new ColumnIOFactory()
              .getColumnIO(requested, schema)
              .getRecordReader(pages, new ViewSampleConverter(requested));
      List<ViewSample> rows = new ArrayList<>(at.rows());
      for (long r = 0; r < pages.getRowCount(); r++) {
        rows.add(records.read());
      }
      if (severalViews()) {
        requireViews(rows, path);
      }
      return new Group(rows, rows.stream().mapToLong(ViewSample::bytes).sum());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read row group " + at.index() + " of " + path, e);
    }
  }

  private boolean severalViews() {
    return !views.equals(View.ONLY_IDENTITY);
  }

  /** Each sample's views together and in order: what {@link #views} counts on. */
  private void requireViews(List<ViewSample> rows, Path path) {
    for (int r = 0; r < rows.size(); r++) {
      ViewSample row = rows.get(r);
      View expected = views.get(r % views.size());
      String id = rows.get(r - r % views.size()).id();
      if (!expected.text().equals(row.view()) || !id.equals(row.id())) {
        throw new IllegalStateException(
            "Cannot read %s: row %d of a row group is view %s of %s, expected view %s of %s. Remove %s; train makes it again."
                .formatted(path, r, row.view(), row.id(), expected, id, view.folder()));
      }
    }
  }

  private ParquetMetadata footer(Path path) {
    return footers.computeIfAbsent(path, this::readFooter);
  }

  private ParquetMetadata readFooter(Path path) {
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop))) {
      return reader.getFooter();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the footer of " + path, e);
    }
  }

  private MessageType projection(MessageType schema, Path path) {
    List<String> names = new ArrayList<>(Column.ALWAYS);
    columns.forEach(column -> names.add(column.field()));
    if (severalViews()) {
      names.add(VIEW);
    }
    List<String> lacking = names.stream().filter(n -> !schema.containsField(n)).toList();
    if (!lacking.isEmpty()) {
      throw new ConfigException(
          "Cannot read %s: it lacks the columns %s (it has %s). Remove the view's folder %s; train makes it again from the cache."
              .formatted(
                  path,
                  lacking,
                  schema.getFields().stream().map(Type::getName).toList(),
                  view.folder()));
    }
    List<Type> fields =
        schema.getFields().stream().filter(f -> names.contains(f.getName())).toList();
    return new MessageType(schema.getName(), fields);
  }
}
