package stillhouse.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Fingerprint;

/**
 * The files of a data set's folders, by name and status alone; nothing is opened. Folders are flat:
 * a folder inside one is not entered.
 */
final class SourceListing {
  static final String MASK_URI = "mask_uri";

  /** The group by the file's name; null where the content makes it. */
  static final String GROUP = "group";

  static final String RULE = "rule";

  static final StructType SCHEMA =
      new StructType()
          .add(Samples.IMAGE_URI, DataTypes.StringType, false)
          .add(Samples.LENGTH, DataTypes.LongType, false)
          .add(Samples.MTIME, DataTypes.LongType, false)
          .add(MASK_URI, DataTypes.StringType, true)
          .add(Samples.MASK_LENGTH, DataTypes.LongType, true)
          .add(Samples.MASK_MTIME, DataTypes.LongType, true)
          .add(GROUP, DataTypes.StringType, true)
          .add(RULE, DataTypes.StringType, false)
          .add(Samples.SETTINGS, DataTypes.StringType, false);

  private static final Logger LOG = LoggerFactory.getLogger(SourceListing.class);

  private final DatasetConfig config;
  private final Configuration hadoop;

  SourceListing(DatasetConfig config, Configuration hadoop) {
    this.config = config;
    this.hadoop = hadoop;
  }

  /** One row of {@link #SCHEMA} an image file. */
  List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    config.sources().forEach(source -> add(source, rows));
    return rows;
  }

  private void add(DatasetConfig.Source source, List<Row> rows) {
    List<FileStatus> images = images(source);
    Map<String, FileStatus> masks = source.masks().map(this::masks).orElse(Map.of());
    String settings = config.settings(source).hex();
    int labelled = 0;
    for (FileStatus image : images) {
      FileStatus mask = masks.get(baseName(image));
      labelled += mask == null ? 0 : 1;
      rows.add(row(source, image, mask, settings));
    }
    if (source.masks().isPresent() && labelled == 0) {
      throw new ConfigException(
          "Cannot ingest "
              + config.name()
              + ": no mask in "
              + source.masks().get()
              + " is named like an image in "
              + source.images()
              + " (such as "
              + baseName(images.get(0))
              + ".png)");
    }
    LOG.info("Found {} images, {} with a mask, in {}", images.size(), labelled, source.images());
  }

  private Row row(DatasetConfig.Source source, FileStatus image, FileStatus mask, String settings) {
    return RowFactory.create(
        image.getPath().toString(),
        image.getLen(),
        image.getModificationTime(),
        mask == null ? null : mask.getPath().toString(),
        mask == null ? null : mask.getLen(),
        mask == null ? null : mask.getModificationTime(),
        group(image),
        source.split().name(),
        settings);
  }

  private List<FileStatus> images(DatasetConfig.Source source) {
    List<FileStatus> images = files("image", source.images(), ".jpg", ".jpeg", ".png");
    if (images.isEmpty()) {
      throw new ConfigException(
          "Cannot ingest "
              + config.name()
              + ": no images (.jpg, .jpeg, .png) in "
              + source.images());
    }
    Comparator<FileStatus> order = Comparator.comparing(f -> f.getPath().getName());
    if (source.limit().isPresent()) {
      order = Comparator.comparing(f -> draw(f.getPath().getName()));
    }
    Stream<FileStatus> sorted = images.stream().sorted(order);
    return sorted.limit(source.limit().orElse(Integer.MAX_VALUE)).toList();
  }

  private Map<String, FileStatus> masks(String folder) {
    Map<String, FileStatus> masks = new HashMap<>();
    files("mask", folder, ".png").forEach(mask -> masks.put(baseName(mask), mask));
    return masks;
  }

  private List<FileStatus> files(String kind, String folder, String... endings) {
    Path path = new Path(folder);
    try {
      FileSystem files = path.getFileSystem(hadoop);
      if (!files.getFileStatus(path).isDirectory()) {
        throw new ConfigException(
            "Cannot ingest " + config.name() + ": " + kind + " folder " + folder + " is a file");
      }
      return Stream.of(files.listStatus(path)).filter(f -> isOneOf(f, endings)).toList();
    } catch (FileNotFoundException e) {
      throw new ConfigException(
          "Cannot ingest " + config.name() + ": " + kind + " folder " + folder + " does not exist",
          e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + folder + ": " + e.getMessage(), e);
    }
  }

  private static boolean isOneOf(FileStatus file, String... endings) {
    String name = file.getPath().getName().toLowerCase(Locale.ROOT);
    boolean hidden = name.startsWith(".") || name.startsWith("_");
    return file.isFile() && !hidden && Stream.of(endings).anyMatch(name::endsWith);
  }

  private String group(FileStatus image) {
    if (config.groupPattern().isEmpty()) {
      return null;
    }
    String name = image.getPath().getName();
    Matcher matcher = config.groupPattern().get().matcher(name);
    if (!matcher.find() || matcher.group(1) == null) {
      throw new ConfigException(
          "Invalid groupPattern: '"
              + config.groupPattern().get()
              + "' finds no group in the file name "
              + name);
    }
    return matcher.group(1);
  }

  /** Where a name stands in a shuffle that never changes. */
  private static String draw(String name) {
    return Fingerprint.of("limit").add("name", name).digest().hex();
  }

  private static String baseName(FileStatus file) {
    String name = file.getPath().getName();
    return name.substring(0, name.lastIndexOf('.'));
  }
}
