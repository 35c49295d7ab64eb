package stillhouse.data;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.format_string;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;

/**
 * The annotations of COCO files by image. Each file is read once, in a task of its own; what it
 * holds is spread over the executors by image, joined and grouped there, and nothing of it comes to
 * the driver but counts and the categories.
 */
final class CocoListing implements AutoCloseable {
  /** The path that an image's entry gives, where it leads out of the image folder. */
  static final String OUTSIDE = "outside";

  // Of one image: thousands of detailed outlines; more would not fit beside its pixels in a task.
  private static final long MOST_TEXT = 1L << 26;
  private static final int PART_OVERHEAD = 256; // bytes of a part beside its text

  private static final String[] OF_IMAGE = {CocoFile.SOURCE, CocoFile.IMAGE_ID};
  private static final String[] OF_CATEGORY = {CocoFile.SOURCE, CocoFile.CATEGORY_ID};

  private static final UserDefinedFunction INSIDE =
      udf(
          (UDF1<String, String>) written -> ImageRoot.inside(written).orElse(null),
          DataTypes.StringType);

  private final DatasetConfig config;
  private final Dataset<Row> entries;
  private final UserDefinedFunction classOf;

  private CocoListing(DatasetConfig config, Dataset<Row> entries) {
    LabelTable[] tables =
        config.sources().stream()
            .map(s -> s.layout() instanceof Coco coco ? coco.categories() : null)
            .toArray(LabelTable[]::new);
    this.config = config;
    this.entries = entries;
    this.classOf =
        udf(
            (UDF2<Integer, String, Integer>) (source, name) -> tables[source].classOf(name),
            DataTypes.IntegerType);
  }

  /** Reads nothing yet. */
  static CocoListing of(SparkSession spark, DatasetConfig config, Configuration hadoop) {
    List<CocoFile.Place> files = new ArrayList<>();
    for (int i = 0; i < config.sources().size(); i++) {
      DatasetConfig.Source source = config.sources().get(i);
      if (source.layout() instanceof Coco && source.masks().isPresent()) {
        files.add(new CocoFile.Place(i, source.masks().get()));
      }
    }
    Dataset<Row> entries =
        spark.createDataFrame(
            JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(files, Math.max(1, files.size()))
                .flatMap(new CocoFile(hadoop)),
            CocoFile.SCHEMA);
    return new CocoListing(
        config,
        entries
            .repartition(col(CocoFile.SOURCE), col(CocoFile.IMAGE_ID))
            .persist(StorageLevel.MEMORY_AND_DISK()));
  }

  static boolean isUsed(DatasetConfig config) {
    return config.sources().stream()
        .anyMatch(s -> s.layout() instanceof Coco && s.masks().isPresent());
  }

  Dataset<Row> entries() {
    return entries;
  }

  Dataset<Row> entries(CocoFile.Kind kind) {
    return entries.where(col(CocoFile.KIND).equalTo(kind.name())).drop(CocoFile.KIND);
  }

  /** One row a category id: its name, its {@link LabelParts#CLASS}, and how many entries it has. */
  Dataset<Row> categories() {
    return entries(CocoFile.Kind.CATEGORY)
        .groupBy(col(CocoFile.SOURCE), col(CocoFile.ID).as(CocoFile.CATEGORY_ID))
        .agg(min(CocoFile.NAME).as(LabelParts.NAME), count(lit(1)).as("entries"))
        .withColumn(LabelParts.CLASS, classOf(col(LabelParts.NAME)));
  }

  private Column classOf(Column name) {
    return classOf.apply(col(CocoFile.SOURCE), name);
  }

  /**
   * One row a path in an image folder, by {@link FolderListing#SOURCE} and {@link
   * FolderListing#BASE}, with {@link LabelParts#COLUMN} or {@link SourceListing#REFUSED}; and one
   * without a base for each {@link #OUTSIDE}.
   */
  Dataset<Row> labels() {
    Column parts =
        coalesce(col(LabelParts.PARTS), array().cast(DataTypes.createArrayType(LabelParts.PART)));
    Column labels =
        struct(col(LabelParts.WIDTH), col(LabelParts.HEIGHT), parts.as(LabelParts.PARTS));
    return images()
        .join(parts(), OF_IMAGE, "left")
        .withColumn(
            LabelParts.COLUMN,
            when(col(SourceListing.REFUSED).isNull(), labels.cast(LabelParts.TYPE)))
        .select(
            col(FolderListing.SOURCE),
            col(FolderListing.BASE),
            col(LabelParts.COLUMN),
            col(SourceListing.REFUSED),
            col(OUTSIDE));
  }

  /** One row a path; what is refused has no id, so that nothing is joined to it. */
  private Dataset<Row> images() {
    Column outside = col(FolderListing.BASE).isNull();
    return entries(CocoFile.Kind.IMAGE)
        .select(
            col(CocoFile.SOURCE),
            col(CocoFile.IMAGE_ID),
            col(CocoFile.NAME),
            col(CocoFile.WIDTH),
            col(CocoFile.HEIGHT),
            INSIDE.apply(col(CocoFile.NAME)).as(FolderListing.BASE))
        .withColumn("ids", count(lit(1)).over(Window.partitionBy(OF_IMAGE[0], OF_IMAGE[1])))
        .withColumn(
            "entries",
            count(lit(1)).over(Window.partitionBy(FolderListing.SOURCE, FolderListing.BASE)))
        .withColumn(
            SourceListing.REFUSED,
            when(
                    outside,
                    refusal(
                        "outside-root",
                        concat(
                            lit("file_name '"),
                            col(CocoFile.NAME),
                            lit("' leads out of the image folder"))))
                .when(
                    col("entries").gt(1),
                    refusal(
                        "mask-duplicate",
                        format_string("%d entries of images are of this file", col("entries"))))
                .when(
                    col("ids").gt(1),
                    refusal(
                        "mask-duplicate",
                        format_string(
                            "%d entries of images have its id %s",
                            col("ids"), col(CocoFile.IMAGE_ID)))))
        .withColumn(OUTSIDE, when(outside, col(CocoFile.NAME)))
        .withColumn(
            CocoFile.IMAGE_ID, when(col(SourceListing.REFUSED).isNull(), col(CocoFile.IMAGE_ID)))
        .dropDuplicates(new String[] {FolderListing.SOURCE, FolderListing.BASE, OUTSIDE});
  }

  private static Column refusal(String reason, Column detail) {
    return struct(lit(reason).as(Samples.REASON), detail.as(Samples.DETAIL));
  }

  /** One row an image: its annotations in their order, those that would paint nothing left out. */
  private Dataset<Row> parts() {
    WindowSpec ofImage = Window.partitionBy(OF_IMAGE[0], OF_IMAGE[1]);
    Column size = coalesce(length(col(CocoFile.TEXT)), lit(0)).plus(PART_OVERHEAD);
    Column fits = col("total").leq(MOST_TEXT);
    String tooMuch = "its annotations have more than " + MOST_TEXT + " characters together";
    return entries(CocoFile.Kind.ANNOTATION)
        .drop(LabelParts.WIDTH, LabelParts.HEIGHT)
        .join(broadcast(categories()), OF_CATEGORY, "left")
        .withColumn(
            LabelParts.CLASS, coalesce(col(LabelParts.CLASS), classOf(lit(null).cast("string"))))
        .withColumn(
            LabelParts.NAME,
            coalesce(col(LabelParts.NAME), concat(lit("category "), col(CocoFile.CATEGORY_ID))))
        .where(col(LabelParts.CLASS).notEqual(0))
        .where(not(col(LabelParts.CROWD).and(dropsCrowds())))
        .withColumn("total", sum(size).over(ofImage))
        .withColumn("first", min(LabelParts.ORDINAL).over(ofImage))
        .where(fits.or(col(LabelParts.ORDINAL).equalTo(col("first"))))
        .withColumn(LabelParts.PROBLEM, when(fits, col(LabelParts.PROBLEM)).otherwise(tooMuch))
        .withColumn(LabelParts.TEXT, when(fits, col(LabelParts.TEXT)))
        .withColumn(LabelParts.URI, lit(null))
        .withColumn(LabelParts.LENGTH, lit(null))
        .withColumn(LabelParts.MTIME, lit(null))
        .groupBy(OF_IMAGE[0], OF_IMAGE[1])
        .agg(
            sort_array(collect_list(struct(columns()).cast(LabelParts.PART))).as(LabelParts.PARTS));
  }

  private static Column[] columns() {
    return Stream.of(LabelParts.PART.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
  }

  private Column dropsCrowds() {
    Function<DatasetConfig.Source, Column> drops =
        s -> lit(s.layout() instanceof Coco coco && coco.crowd() == Layout.Crowd.DROP);
    Column[] values = config.sources().stream().map(drops).toArray(Column[]::new);
    return element_at(array(values), col(CocoFile.SOURCE).plus(1));
  }

  @Override
  public void close() {
    entries.unpersist();
  }
}
