package stillhouse.data;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.format_string;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;

/**
 * The files of a data set's folders, by name and status alone; nothing is opened. Folders are flat:
 * a folder inside one is not entered, but told of, as every file is that is passed over. They are
 * listed in tasks, one a folder: no list of them ever stands on the driver.
 */
final class SourceListing {
  static final String MASK_URI = "mask_uri";

  /** The group by the file's name; null where the content makes it. */
  static final String GROUP = FolderListing.GROUP;

  static final String RULE = "rule";

  /**
   * How many images and masks of the source have the file's base name, where there is more than one
   * image or mask, so that which is whose can't be known; null elsewhere.
   */
  static final String NAMESAKES = "namesakes";

  private static final String[] NAMED = {FolderListing.SOURCE, FolderListing.BASE};
  private static final String IMAGES_OF = "images_of";
  private static final String MASKS_OF = "masks_of";
  private static final List<String> IMAGES = List.of(".jpg", ".jpeg", ".png");
  private static final List<String> MASKS = List.of(".png");
  private static final Logger LOG = LoggerFactory.getLogger(SourceListing.class);

  private final DatasetConfig config;
  private final Configuration hadoop;

  SourceListing(DatasetConfig config, Configuration hadoop) {
    this.config = config;
    this.hadoop = hadoop;
  }

  /**
   * One row an image file: {@link FolderListing#SOURCE}, what {@link Samples#IDENTITY} has, {@link
   * #MASK_URI}, {@link #GROUP}, {@link #RULE} and {@link #NAMESAKES}; and the rows of what was
   * passed over, which {@link #taken} leaves out. Listed anew by each query, so persist it.
   *
   * @throws ConfigException where a folder is missing
   */
  Dataset<Row> rows(SparkSession spark) {
    List<FolderListing.Folder> images = new ArrayList<>();
    List<FolderListing.Folder> masks = new ArrayList<>();
    for (int i = 0; i < config.sources().size(); i++) {
      DatasetConfig.Source source = config.sources().get(i);
      requireFolder("image", source.images());
      int limit = source.limit().orElse(FolderListing.ALL);
      images.add(new FolderListing.Folder(i, source.images(), limit, IMAGES));
      if (source.masks().isPresent()) {
        String folder = source.masks().get();
        requireFolder("mask", folder);
        masks.add(new FolderListing.Folder(i, folder, FolderListing.ALL, MASKS));
      }
    }
    Dataset<Row> maskOf = masks(files(spark, masks));
    Column ofName = count(lit(1)).over(Window.partitionBy(NAMED[0], NAMED[1]));
    Column settings = ofSource(source -> config.settings(source).hex());
    Column shared = col(IMAGES_OF).gt(1).or(col(MASKS_OF).gt(1));
    return files(spark, images)
        .withColumn(IMAGES_OF, ofName)
        .join(maskOf, NAMED, "left")
        .withColumnRenamed(FolderListing.URI, Samples.IMAGE_URI)
        .withColumn(RULE, ofSource(source -> source.split().name()))
        .withColumn(
            NAMESAKES,
            when(
                col(MASK_URI).isNotNull().and(shared),
                format_string("%d images and %d masks", col(IMAGES_OF), col(MASKS_OF))))
        // Part of what the row was made with: a namesake that comes or goes makes it anew.
        .withColumn(
            Samples.SETTINGS,
            when(col(NAMESAKES).isNull(), settings).otherwise(concat(settings, lit(" shared"))))
        .drop(FolderListing.BASE, IMAGES_OF, MASKS_OF);
  }

  /** The rows of files alone. */
  static Dataset<Row> taken(Dataset<Row> rows) {
    return rows.where(col(FolderListing.PASSED).isNull())
        .drop(FolderListing.PASSED, FolderListing.PASSED_COUNT);
  }

  /** One row a base name: the mask's file, the first of several such as a.png and a.PNG. */
  private static Dataset<Row> masks(Dataset<Row> files) {
    Column first =
        min(struct(col(FolderListing.URI), col(Samples.LENGTH), col(Samples.MTIME))).as("first");
    return taken(files)
        .groupBy(NAMED[0], NAMED[1])
        .agg(first, count(lit(1)).as(MASKS_OF))
        .select(
            col(NAMED[0]),
            col(NAMED[1]),
            col("first").getField(FolderListing.URI).as(MASK_URI),
            col("first").getField(Samples.LENGTH).as(Samples.MASK_LENGTH),
            col("first").getField(Samples.MTIME).as(Samples.MASK_MTIME),
            col(MASKS_OF));
  }

  private Dataset<Row> files(SparkSession spark, List<FolderListing.Folder> folders) {
    var listing = new FolderListing(config.groupPattern(), hadoop);
    int tasks = Math.max(1, folders.size());
    return spark.createDataFrame(
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(folders, tasks)
            .flatMap(listing),
        FolderListing.SCHEMA);
  }

  private Column ofSource(Function<DatasetConfig.Source, String> value) {
    Column[] values =
        config.sources().stream().map(source -> lit(value.apply(source))).toArray(Column[]::new);
    return element_at(array(values), col(FolderListing.SOURCE).plus(1));
  }

  private void requireFolder(String kind, String folder) {
    Path path = new Path(folder);
    try {
      if (!path.getFileSystem(hadoop).getFileStatus(path).isDirectory()) {
        throw new ConfigException(
            "Cannot ingest " + config.name() + ": " + kind + " folder " + folder + " is a file");
      }
    } catch (FileNotFoundException e) {
      throw new ConfigException(
          "Cannot ingest " + config.name() + ": " + kind + " folder " + folder + " does not exist",
          e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look for " + folder + ": " + e.getMessage(), e);
    }
  }

  /** What was found in one source's folders. */
  private record Found(long images, long masks, Optional<String> example, Optional<String> odd) {}

  /**
   * Counts what {@link #rows} found, and warns of what it passed over.
   *
   * @return images
   * @throws ConfigException where a source has no image, none of its masks is an image's, or a
   *     file's name has no group
   */
  long images(Dataset<Row> rows) {
    Column noGroup = when(col(GROUP).isNull(), col(Samples.IMAGE_URI));
    Map<Integer, Found> bySource = new HashMap<>();
    for (Row row :
        rows.groupBy(FolderListing.SOURCE, FolderListing.PASSED)
            .agg(
                count(lit(1)),
                count(MASK_URI),
                min(Samples.IMAGE_URI),
                min(noGroup),
                sum(FolderListing.PASSED_COUNT))
            .collectAsList()) {
      if (row.isNullAt(1)) {
        Optional<String> odd = Optional.ofNullable(row.getString(5));
        bySource.put(
            row.getInt(0),
            new Found(row.getLong(2), row.getLong(3), Optional.of(row.getString(4)), odd));
      } else {
        LOG.warn(
            "Passed over {} {} in {} (such as {})",
            row.getLong(6),
            FolderListing.Kind.valueOf(row.getString(1)).text,
            config.sources().get(row.getInt(0)).images(),
            name(row.getString(4)));
      }
    }
    long images = 0;
    for (int i = 0; i < config.sources().size(); i++) {
      Found none = new Found(0, 0, Optional.empty(), Optional.empty());
      Found found = bySource.getOrDefault(i, none);
      check(config.sources().get(i), found);
      images += found.images();
    }
    return images;
  }

  private void check(DatasetConfig.Source source, Found found) {
    if (found.images() == 0) {
      throw new ConfigException(
          "Cannot ingest "
              + config.name()
              + ": no images (.jpg, .jpeg, .png) in "
              + source.images());
    }
    if (config.groupPattern().isPresent() && found.odd().isPresent()) {
      throw new ConfigException(
          "Invalid groupPattern: '"
              + config.groupPattern().get()
              + "' finds no group in the file name "
              + name(found.odd().get()));
    }
    if (source.masks().isPresent() && found.masks() == 0) {
      String example = name(found.example().orElseThrow());
      throw new ConfigException(
          "Cannot ingest "
              + config.name()
              + ": no mask in "
              + source.masks().get()
              + " is named like an image in "
              + source.images()
              + " (such as "
              + example.substring(0, example.lastIndexOf('.'))
              + ".png)");
    }
    LOG.info(
        "Found {} images, {} with a mask, in {}", found.images(), found.masks(), source.images());
    if (source.masks().isPresent() && found.masks() < found.images()) {
      LOG.warn(
          "{} of {} images in {} have no mask in {}: they count as unlabelled",
          found.images() - found.masks(),
          found.images(),
          source.images(),
          source.masks().get());
    }
  }

  private static String name(String uri) {
    return uri.substring(uri.lastIndexOf('/') + 1);
  }
}
