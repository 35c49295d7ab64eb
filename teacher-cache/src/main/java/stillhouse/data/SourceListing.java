package stillhouse.data;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.format_string;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.when;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.conf.ConfigException;

/**
 * The files of a data set's folders, by name and status alone; nothing is opened. Folders are flat:
 * a folder inside one is not entered, but told of, as every file is that is passed over. They are
 * listed in tasks, one a folder: no list of them ever stands on the driver.
 */
final class SourceListing implements AutoCloseable {
  static final String MASK_URI = "mask_uri";

  /** The group by the file's name; null where the content makes it. */
  static final String GROUP = FolderListing.GROUP;

  static final String RULE = "rule";

  /**
   * How many images and masks of the source have the file's base name, where there is more than one
   * image or mask, so that which is whose can't be known; null elsewhere.
   */
  static final String NAMESAKES = "namesakes";

  /** Reason and detail where the image is known to be unusable by its name alone; else null. */
  static final String REFUSED = "refused";

  private static final StructType REFUSAL =
      new StructType()
          .add(Samples.REASON, DataTypes.StringType)
          .add(Samples.DETAIL, DataTypes.StringType);

  private static final String[] NAMED = {FolderListing.SOURCE, FolderListing.BASE};
  private static final String IMAGES_OF = "images_of";
  static final String MASKS_OF = "masks_of";

  /** Before the kind of what was passed over where the labels lie. */
  static final String OF_LABELS = "labels: ";

  /** Endings of the images, in lower case. */
  static final List<String> IMAGES = List.of(".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp");

  private final DatasetConfig config;
  private final Configuration hadoop;
  private Optional<CocoListing> coco = Optional.empty();

  SourceListing(DatasetConfig config, Configuration hadoop) {
    this.config = config;
    this.hadoop = hadoop;
  }

  /**
   * One row an image file: {@link FolderListing#SOURCE}, what {@link Samples#IDENTITY} has, {@link
   * #MASK_URI}, {@link LabelParts#COLUMN}, {@link #GROUP}, {@link #RULE}, {@link #NAMESAKES} and
   * {@link #REFUSED}; and the rows of what was passed over, which {@link #taken} leaves out. Listed
   * anew by each query, so persist it.
   *
   * @throws ConfigException where a folder is missing, or a file of labels can't be used
   */
  Dataset<Row> rows(SparkSession spark) {
    List<FolderListing.Folder> images = new ArrayList<>();
    List<FolderListing.Folder> masks = new ArrayList<>();
    for (int i = 0; i < config.sources().size(); i++) {
      images.add(imageFolder(i));
      masks.addAll(labelFolders(i));
    }
    if (CocoListing.isUsed(config)) {
      coco = Optional.of(CocoListing.of(spark, config, hadoop));
      new CocoCheck(config, coco.get()).run();
    }
    return joined(files(spark, images), labels(spark, masks));
  }

  @Override
  public void close() {
    coco.ifPresent(CocoListing::close);
  }

  /** Images with their labels, and labels that no image has as passed over. */
  private Dataset<Row> joined(Dataset<Row> images, Dataset<Row> labels) {
    Column partly = ofSource(source -> lit(!source.subset().isAll()));
    String orphan = OF_LABELS + FolderListing.Kind.ORPHAN.name();
    Column uri = coalesce(col(FolderListing.URI), outsideUri());
    Column shared = col(IMAGES_OF).gt(1).or(col(MASKS_OF).gt(1));
    return images
        .withColumn(IMAGES_OF, count(lit(1)).over(Window.partitionBy(NAMED[0], NAMED[1])))
        .join(labels, NAMED, "full_outer")
        .withColumn(Samples.IMAGE_URI, uri)
        .withColumn(
            FolderListing.PASSED,
            coalesce(
                col(FolderListing.PASSED),
                concat(lit(OF_LABELS), col(FileLabels.PASSED)),
                when(col(Samples.IMAGE_URI).isNull(), orphan)))
        // A subset leaves out images, and with them their labels.
        .where(not(coalesce(col(FolderListing.PASSED), lit("")).equalTo(orphan).and(partly)))
        .withColumn(
            FolderListing.PASSED_COUNT,
            coalesce(col(FolderListing.PASSED_COUNT), col(FileLabels.PASSED_COUNT), lit(1L)))
        .withColumn(
            LabelParts.COLUMN, when(col(Samples.IMAGE_URI).isNotNull(), col(LabelParts.COLUMN)))
        .withColumn(
            Samples.IMAGE_URI,
            coalesce(col(Samples.IMAGE_URI), col(FolderListing.BASE), col(MASK_URI)))
        // Of an image that is nowhere there is neither.
        .withColumn(Samples.LENGTH, coalesce(col(Samples.LENGTH), lit(0L)))
        .withColumn(Samples.MTIME, coalesce(col(Samples.MTIME), lit(0L)))
        .withColumn(RULE, ofSource(source -> lit(source.split().name())))
        .withColumn(
            NAMESAKES,
            when(
                col(MASK_URI).isNotNull().and(shared),
                format_string("%d images and %d masks", col(IMAGES_OF), col(MASKS_OF))))
        .withColumn(Samples.SETTINGS, settings())
        .drop(
            FolderListing.BASE,
            FolderListing.LABEL,
            FolderListing.URI,
            CocoListing.OUTSIDE,
            FileLabels.PASSED,
            FileLabels.PASSED_COUNT,
            IMAGES_OF,
            MASKS_OF);
  }

  /**
   * What a row was made with: the data set's settings, a digest of labels that are not one file,
   * and whether they can't be told from another's. A namesake that comes or goes makes it anew, and
   * so does an annotation, without a look at the other images of its file: of an annotation's
   * number in the file only the order counts that it gives.
   */
  private Column settings() {
    Column labels = col(LabelParts.COLUMN);
    Column inOrder = transform(labels.getField(LabelParts.PARTS), SourceListing::withoutOrdinal);
    Column parts =
        struct(
            labels.getField(LabelParts.WIDTH),
            labels.getField(LabelParts.HEIGHT),
            inOrder,
            col(REFUSED));
    Column digest = sha2(to_json(parts), 256);
    Column own = col(LabelParts.COLUMN).isNotNull().or(col(REFUSED).isNotNull());
    return concat(
        ofSource(source -> lit(config.settings(source).hex())),
        when(own, concat(lit(" labels "), digest)).otherwise(""),
        when(col(NAMESAKES).isNotNull(), " shared").otherwise(""));
  }

  private static Column withoutOrdinal(Column part) {
    return struct(
        Arrays.stream(LabelParts.PART.fieldNames())
            .filter(name -> !name.equals(LabelParts.ORDINAL))
            .map(part::getField)
            .toArray(Column[]::new));
  }

  /** The place of an image's path that leads out of its folder: an entry of a file. */
  private Column outsideUri() {
    Column place = ofSource(source -> lit(source.masks().orElse("")));
    return when(
        col(CocoListing.OUTSIDE).isNotNull(), concat(place, lit("#"), col(CocoListing.OUTSIDE)));
  }

  private Dataset<Row> labels(SparkSession spark, List<FolderListing.Folder> folders) {
    Dataset<Row> ofFiles =
        FileLabels.of(files(spark, folders))
            .withColumn(REFUSED, lit(null).cast(REFUSAL))
            .withColumn(CocoListing.OUTSIDE, lit(null).cast(DataTypes.StringType));
    if (coco.isEmpty()) {
      return ofFiles;
    }
    Dataset<Row> ofEntries =
        coco.get()
            .labels()
            .withColumn(MASK_URI, ofSource(source -> lit(source.masks().orElse(""))))
            .withColumn(Samples.MASK_LENGTH, lit(null).cast(DataTypes.LongType))
            .withColumn(Samples.MASK_MTIME, lit(null).cast(DataTypes.LongType))
            .withColumn(MASKS_OF, lit(1L))
            .withColumn(FileLabels.PASSED, lit(null).cast(DataTypes.StringType))
            .withColumn(FileLabels.PASSED_COUNT, lit(null).cast(DataTypes.LongType));
    return ofFiles.unionByName(ofEntries);
  }

  private FolderListing.Folder imageFolder(int i) {
    DatasetConfig.Source source = config.sources().get(i);
    requireFolder("image", source.images());
    return new FolderListing.Folder(
        i,
        source.images(),
        source.subset(),
        IMAGES,
        source.layout().besideImages(),
        source.layout().imageNames(),
        config.groupPattern().or(source.layout()::groupPattern).orElse(null));
  }

  /** None where the source is unlabelled. */
  private List<FolderListing.Folder> labelFolders(int i) {
    DatasetConfig.Source source = config.sources().get(i);
    return source.masks().map(source.layout()::labelFolders).orElse(List.of()).stream()
        .peek(folder -> requireFolder("mask", folder.path()))
        .map(
            folder ->
                new FolderListing.Folder(
                    i,
                    folder.path(),
                    Subset.ALL,
                    folder.endings(),
                    folder.beside(),
                    folder.names(),
                    null))
        .toList();
  }

  /** The rows of files alone. */
  static Dataset<Row> taken(Dataset<Row> rows) {
    return rows.where(col(FolderListing.PASSED).isNull())
        .drop(FolderListing.PASSED, FolderListing.PASSED_COUNT);
  }

  private Dataset<Row> files(SparkSession spark, List<FolderListing.Folder> folders) {
    var listing = new FolderListing(hadoop);
    int tasks = Math.max(1, folders.size());
    return spark.createDataFrame(
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(folders, tasks)
            .flatMap(listing),
        FolderListing.SCHEMA);
  }

  private Column ofSource(Function<DatasetConfig.Source, Column> value) {
    Column[] values = config.sources().stream().map(value).toArray(Column[]::new);
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

  /**
   * Counts what {@link #rows} found, and warns of what it passed over.
   *
   * @return images
   * @throws ConfigException where a source has no image, none of its masks is an image's, or a
   *     file's name has no group
   */
  long images(Dataset<Row> rows) {
    return new ListingCheck(config).images(rows);
  }
}
