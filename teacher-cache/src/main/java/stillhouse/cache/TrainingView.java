package stillhouse.cache;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.call_udf;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.Metadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.data.ImageSource;
import stillhouse.data.View;
import stillhouse.identity.Sha256;
import stillhouse.tensor.TensorColumn;

/**
 * A training view: the cache's rows as one student trains on them, in a Parquet folder of their own
 * that ranks read with neither Spark nor Delta. Derived, named by the digest of what made it,
 * immutable: {@code root/cache/views/<digest>/{data-<writer>/split=…/*.parquet, view.json}}, the
 * last written last. Any number of writers may make one at the same time: the first to be done is
 * the view, the others drop theirs and use it.
 *
 * <p>Rows stand in the order of a hash of their sample_id over the files and inside each, so any
 * run of rows is a random one. A row group has {@link ViewLayout}'s rows exactly (a file's last may
 * have fewer) and one page a column.
 */
public final class TrainingView {
  private static final Logger log = LoggerFactory.getLogger(TrainingView.class);

  // 4096 maps of 16×16 cells are a million observations: past what C = 256 directions need.
  private static final long PCA_ROWS = 4096;

  private final ViewFiles files;
  private final ViewInfo info;
  private final boolean reused;

  private TrainingView(ViewFiles files, ViewInfo info, boolean reused) {
    this.files = files;
    this.info = info;
    this.reused = reused;
  }

  /**
   * Makes the view of {@code rows}, or finds it made. What an interrupted writer left does no harm;
   * it is removed by the first call for this view a week later.
   *
   * @param root of the workspace, any Hadoop path
   * @param images reads what image_uri and content_sha256 name, on executors
   * @param rows one a sample, or one a sample and view in {@link ViewRequest#views} with the column
   *     {@code view}, of {@link ViewRows#TYPE} (weight may be any number): mask is a PNG of class
   *     indices or null, answers are as {@link CachedAnswers} has them. Without the column answers
   *     it is a view without logits; without the column embedding it is one of labels alone, and
   *     the columns after it are not looked at
   * @throws IllegalArgumentException where there is no row, or a sample twice
   * @throws ConfigException where no row is of split {@code train}
   */
  public static TrainingView materialise(
      SparkSession spark, String root, ViewRequest request, ImageSource images, Dataset<Row> rows) {
    String description = spark.sparkContext().getLocalProperty("spark.job.description");
    try {
      return reuseOrMake(spark, root, request, images, rows);
    } finally {
      describe(spark, description);
    }
  }

  private static TrainingView reuseOrMake(
      SparkSession spark, String root, ViewRequest request, ImageSource images, Dataset<Row> rows) {
    describe(spark, "training view: which rows");
    ViewIdentity identity = ViewIdentity.of(request, rows);
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    ViewFiles files = new ViewFiles(root + "/cache/views/" + identity.digest().hex(), hadoop);
    if (files.complete()) {
      return reused(files);
    }
    String data = ViewFiles.newData();
    ViewInfo info;
    boolean published = false;
    try {
      info = write(spark, files, data, identity, request, images, rows);
      if (info.hasTeacher()) {
        describe(spark, "training view " + identity.digest().brief() + ": principal components");
        files.write(components(spark, files, info, request), data);
      }
      published = files.publish(info);
    } finally {
      if (!published) {
        files.drop(data);
      }
    }
    if (!published) {
      log.info("Training view {}: another writer was first", identity.digest().brief());
      return reused(files);
    }
    files.dropAbandoned(info);
    log.info("Training view {}: made, {} rows", identity.digest().brief(), info.rows());
    return new TrainingView(files, info, false);
  }

  private static TrainingView reused(ViewFiles files) {
    ViewInfo info = files.readInfo();
    files.dropAbandoned(info);
    log.info("Training view {}: reused, {} rows", new Sha256(info.digest()).brief(), info.rows());
    return new TrainingView(files, info, true);
  }

  private static Projection components(
      SparkSession spark, ViewFiles files, ViewInfo info, ViewRequest request) {
    return Pca.fit(
        spark.read().parquet(files.data(info.data())).where(col("split").equalTo("train")),
        info.channels(),
        request.projectionDimensions(),
        PCA_ROWS);
  }

  /**
   * Opens a view made before.
   *
   * @param folder the view's own: {@link #folder()}
   */
  public static TrainingView open(String folder, Configuration hadoop) {
    ViewFiles files = new ViewFiles(folder, hadoop);
    if (!files.complete()) {
      throw new ConfigException(
          "Cannot open training view "
              + folder
              + ": it has no view.json. Make it again from the cache (train does so by itself).");
    }
    ViewInfo info = files.readInfo();
    requireOwn(folder, info);
    return new TrainingView(files, info, true);
  }

  /** A folder has its view's digest for a name, so that none is taken for another. */
  private static void requireOwn(String folder, ViewInfo info) {
    String name = new Path(folder).getName();
    if (!name.equals(info.digest())) {
      throw new ConfigException(
          "Cannot use training view %s: its view.json is of view %s, of teacher '%s'. Other files were put in its place: remove the folder, and train makes the view again."
              .formatted(
                  folder, info.digest(), info.provenance().getOrDefault("teacher", "unknown")));
    }
  }

  public String folder() {
    return files.folder();
  }

  public ViewInfo info() {
    return info;
  }

  /**
   * μ_T and P_T, fitted on the embeddings of split {@code train} as the view holds them; empty for
   * a view without a teacher.
   */
  public Optional<Projection> projection() {
    return info.hasTeacher() ? Optional.of(files.readProjection(info.data())) : Optional.empty();
  }

  /** Whether the view was there already and nothing was computed. */
  public boolean reused() {
    return reused;
  }

  private static ViewInfo write(
      SparkSession spark,
      ViewFiles files,
      String data,
      ViewIdentity identity,
      ViewRequest request,
      ImageSource images,
      Dataset<Row> rows) {
    int views = request.views().size();
    long trainRows = identity.rows().getOrDefault("train", 0L);
    long trainSamples = trainRows / views;
    if (trainRows == 0) {
      throw new ConfigException(
          "No image to train on: none of those that can be used is of split train (by split: %s). Ingest more images, or give split train a larger share in the data set's YAML."
              .formatted(identity.rows()));
    }
    describe(spark, "training view " + identity.digest().brief() + ": shape of the embedding");
    var said = new Said(channels(rows), List.of(rows.columns()).contains("answers"));
    ViewInfo sized = info(identity, request, said, 0, data, List.of());
    ViewLayout layout =
        ViewLayout.of(
            request.rowsPerGroup(),
            views * rowBytes(sized),
            identity.allRows() - trainRows + trainSamples,
            trainSamples);
    describe(spark, "training view " + identity.digest().brief() + ": rows");
    writeRows(
        files.data(data),
        new ViewRow(request, images, said.channels(), said.logits()),
        request.views(),
        layout,
        rows);
    List<ViewInfo.ViewFile> written = files.list(data);
    ViewInfo info = info(identity, request, said, views * layout.rowsPerGroup(), data, written);
    requireAllWritten(identity, written);
    return info;
  }

  /** What the rows have of a teacher. */
  private record Said(int channels, boolean logits) {}

  /**
   * Channels of the teacher's embedding; 0 where the rows have no teacher's columns. Without {@link
   * ViewRows#CHANNELS} a row has to be made to know.
   */
  private static int channels(Dataset<Row> rows) {
    if (!List.of(rows.columns()).contains("embedding")) {
      return 0;
    }
    Metadata known = rows.schema().apply("embedding").metadata();
    return known.contains(ViewRows.CHANNELS)
        ? Math.toIntExact(known.getLong(ViewRows.CHANNELS))
        : TensorColumn.decode(rows.select("embedding").first().getStruct(0)).dim(0);
  }

  private static void writeRows(
      String path, ViewRow row, List<View> views, ViewLayout layout, Dataset<Row> rows) {
    Column hash = xxhash64(lit("view"), col("sample_id"));
    String group = Integer.toString(views.size() * layout.rowsPerGroup());
    rows.withColumn("weight", col("weight").cast("float"))
        .map(row, Encoders.row(row.schema()))
        .repartition(layout.files(), hash)
        .sortWithinPartitions(order(views, hash))
        .write()
        .mode(SaveMode.Overwrite)
        .partitionBy("split")
        .option("compression", "zstd")
        // Pixels are noise to any level; 1 costs least.
        .option("parquet.compression.codec.zstd.level", "1")
        // No value repeats: a dictionary would only be built to be thrown away.
        .option("parquet.enable.dictionary", "false")
        // Parquet closes a row group where a check of its size, every row.check.min…max rows,
        // finds it over block.size: over one byte it is at the first, so groups are exact. The
        // same check ends pages, so a column's share of a group is one page.
        .option("parquet.block.size", "1")
        .option("parquet.page.size.row.check.min", group)
        .option("parquet.page.size.row.check.max", group)
        .parquet(path);
  }

  /** A sample's views stand together, and in their order, so that none needs looking for. */
  private static Column[] order(List<View> views, Column hash) {
    Column[] bySample = {col("split"), hash, col("sample_id")};
    if (views.equals(View.ONLY_IDENTITY)) {
      return bySample;
    }
    Column[] names = views.stream().map(view -> lit(view.text())).toArray(Column[]::new);
    Column[] byView = Arrays.copyOf(bySample, bySample.length + 1);
    byView[bySample.length] = call_udf("array_position", array(names), col(CacheTables.VIEW));
    return byView;
  }

  private static void requireAllWritten(ViewIdentity identity, List<ViewInfo.ViewFile> files) {
    SortedMap<String, Long> written = new TreeMap<>();
    for (ViewInfo.ViewFile file : files) {
      for (int rows : file.rowGroups()) {
        written.merge(file.split(), (long) rows, Long::sum);
      }
    }
    if (!written.equals(identity.rows())) {
      throw new IllegalStateException(
          "Training view has "
              + written
              + " rows of "
              + identity.rows()
              + ": its input changed"
              + " while it was read. Pin the cache tables' versions and make it again.");
    }
  }

  private static ViewInfo info(
      ViewIdentity identity,
      ViewRequest request,
      Said said,
      int rowsPerGroup,
      String data,
      List<ViewInfo.ViewFile> files) {
    boolean mute = said.channels() > 0 && !said.logits();
    return new ViewInfo(
        identity.digest().hex(),
        request.classes(),
        request.height(),
        request.width(),
        said.channels(),
        request.gridHeight(),
        request.gridWidth(),
        mute ? 0 : request.logitsHeight(),
        mute ? 0 : request.logitsWidth(),
        rowsPerGroup,
        identity.rows(),
        request.views(),
        request.sortedProvenance(),
        data,
        files);
  }

  private static long rowBytes(ViewInfo info) {
    return (long) info.pixelBytes()
        + info.maskBytes()
        + info.embeddingBytes()
        + info.structureBytes()
        + info.logitsBytes();
  }

  private static void describe(SparkSession spark, String what) {
    spark.sparkContext().setJobDescription(what);
  }
}
