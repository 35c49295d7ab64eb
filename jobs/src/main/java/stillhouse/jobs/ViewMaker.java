package stillhouse.jobs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.CacheTables;
import stillhouse.cache.Excuses;
import stillhouse.cache.TrainingView;
import stillhouse.cache.ViewRequest;
import stillhouse.cache.ViewRows;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.Samples;
import stillhouse.data.Split;
import stillhouse.data.View;
import stillhouse.teacher.TeacherSpec;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.SampleKey;

/** Makes the training views that recipes read, each once. */
final class ViewMaker {
  private static final Logger log = LoggerFactory.getLogger(ViewMaker.class);
  private final SparkSession spark;
  private final String root;
  private final DatasetConfig dataset;
  private final Optional<TeacherSpec> teacher;
  private final double labels;
  private final boolean partial;
  private final Map<List<Object>, TrainingView> made = new LinkedHashMap<>();
  private Optional<ViewRows.Cells> cells = Optional.empty(); // until they are asked for

  /**
   * @param labels share of the training images whose labels count
   * @param partial whether a view may lack images that the cache job has not reached
   */
  ViewMaker(
      SparkSession spark,
      String root,
      DatasetConfig dataset,
      Optional<TeacherSpec> teacher,
      double labels,
      boolean partial) {
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.teacher = teacher;
    this.labels = labels;
    this.partial = partial;
  }

  /**
   * A recipe that learns from labels alone reads the images whose labels count and no others, so
   * that its steps are full; one that learns from the teacher reads every cached image.
   *
   * @throws ConfigException where a recipe of labels alone has none, or the cache job has not
   *     reached every image
   */
  TrainingView of(Recipe recipe) {
    boolean taught = Experiment.needsTeacher(recipe);
    int grid = recipe.alignment().grid();
    int dimensions = recipe.projection().dimensions();
    List<View> views = recipe.augmentation().views();
    List<Object> key = taught ? List.of(views, grid, dimensions) : List.of(views);
    return made.computeIfAbsent(key, k -> taught ? taught(recipe, views) : labelled(views));
  }

  /**
   * A recipe of {@link Recipe.Alignment#TEACHERS} with the number of cells in its place.
   *
   * @throws ConfigException where the cache does not tell it
   */
  Recipe aligned(Recipe recipe) {
    if (!recipe.alignment().areTeachers() || !Experiment.needsTeacher(recipe)) {
      return recipe;
    }
    ViewRows.Cells cells =
        teachersCells()
            .orElseThrow(
                () ->
                    new ConfigException(
                        "Cannot take the teacher's own grid for recipe %s (alignment.grid: teacher): nothing of teacher %s is cached. Run the cache job."
                            .formatted(recipe.name(), teacher.orElseThrow().name())));
    if (cells.rows() != cells.columns()) {
      throw new ConfigException(
          "Cannot take the teacher's own grid for recipe %s (alignment.grid: teacher): the embedding of teacher %s has %d×%d cells, and a view's grid is square. Give --grid CELLS."
              .formatted(
                  recipe.name(), teacher.orElseThrow().name(), cells.rows(), cells.columns()));
    }
    return recipe.with(recipe.name(), new Recipe.Alignment(cells.rows()));
  }

  /**
   * The cells of the teacher's embedding over its whole input; empty where nothing of it is cached.
   */
  Optional<ViewRows.Cells> teachersCells() {
    if (cells.isEmpty()) {
      TeacherSpec spec = teacher.orElseThrow();
      cells =
          ViewRows.cells(spark, root, Prompts.keys(spark, root, dataset, spec))
              .map(seen -> spec.extent().isExact() ? seen : whole(seen));
    }
    return cells;
  }

  /** A letter-boxed image covers one side of the input whole. */
  private static ViewRows.Cells whole(ViewRows.Cells seen) {
    int side = Math.max(seen.rows(), seen.columns());
    return new ViewRows.Cells(side, side);
  }

  /** Training and validation images that are higher than wide, or wider than high. */
  Dataset<Row> oblong() {
    return CacheTables.of(root)
        .samples(spark)
        .where(functions.col(Samples.SPLIT).notEqual(Split.TEST.label()))
        .where(functions.col(Samples.WIDTH).notEqual(functions.col(Samples.HEIGHT)));
  }

  /** Which share of the labels of {@link #of}'s rows a run may use. */
  double labelFraction(Recipe recipe) {
    return Experiment.needsTeacher(recipe) ? labels : 1;
  }

  private TrainingView taught(Recipe recipe, List<View> views) {
    TeacherSpec spec = teacher.orElseThrow();
    CacheKeys keys = Prompts.keys(spark, root, dataset, spec);
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("teacher", spec.name());
    provenance.put("encoder", spec.encoderDigest().hex());
    provenance.put("decoder", spec.decoderDigest().hex());
    provenance.put("prompts", keys.plan());
    provenance.put("structure", keys.structureKey(""));
    provenance.put("encoding", keys.encoding().text());
    if (!spec.extent().isExact()) {
      provenance.put("maps end", "with the image"); // others are on the grid by whole cells
    }
    int grid = recipe.alignment().grid();
    ViewRequest request = request(grid, recipe.projection().dimensions(), views, provenance);
    Dataset<Row> cached = ViewRows.cached(spark, root, keys, request);
    requireAll(cached, recipe, Excuses.of(spark, root, keys, views));
    noLabels().ifPresent(why -> log.warn("{} Only losses that need no label will learn.", why));
    return TrainingView.materialise(spark, root, request, HadoopImages.of(spark), cached);
  }

  /**
   * A cache job that was stopped must not shrink a training set in silence.
   *
   * @param excused of {@link Excuses#of}
   */
  private void requireAll(Dataset<Row> cached, Recipe recipe, Dataset<Row> excused) {
    Dataset<Row> wanted = untested(CacheTables.of(root).samples(spark));
    Row open =
        wanted
            .join(cached.select(Samples.SAMPLE_ID), Quarantine.on(Samples.SAMPLE_ID), "left_anti")
            .join(excused, Quarantine.on(Samples.SAMPLE_ID), "left")
            .agg(functions.count(functions.lit(1)), functions.count(Samples.REASON))
            .first();
    long quarantined = open.getLong(1);
    long missing = open.getLong(0) - quarantined;
    if (quarantined > 0) {
      log.warn("{} training and validation images are in quarantine: left out", quarantined);
    }
    if (missing == 0) {
      return;
    }
    requireViews(recipe, missing);
    long all = wanted.count();
    String found =
        "%d of %d training and validation images are neither cached nor quarantined: ingested since the cache job ran, or it was stopped, or the data set's cache settings are others now (%s)."
            .formatted(missing, all, Prompts.told(dataset));
    if (missing + quarantined == all) {
      throw new ConfigException(found + " Run the cache job.");
    }
    if (!partial) {
      throw new ConfigException(
          found + " Run the cache job again, or train without them: --partial.");
    }
    log.warn("{} They are left out", found);
  }

  /** A recipe may draw views that the data set's YAML does not have cached. */
  private void requireViews(Recipe recipe, long missing) {
    List<View> lacking = new ArrayList<>(recipe.augmentation().views());
    lacking.removeAll(dataset.cache().views());
    if (!lacking.isEmpty()) {
      throw new ConfigException(
          "Recipe %s draws the views %s, and %d training and validation images are not cached in them. Name them in the data set's YAML, cache: {views: %s}, or run the cache job with --recipe %s."
              .formatted(
                  recipe.name(),
                  lacking,
                  missing,
                  View.ordered(
                      Stream.of(dataset.cache().views(), lacking).flatMap(List::stream).toList()),
                  recipe.name()));
    }
  }

  private static Dataset<Row> untested(Dataset<Row> samples) {
    return samples
        .where(functions.col(Samples.SPLIT).notEqual(Split.TEST.label()))
        .select(Samples.SAMPLE_ID);
  }

  /** Why no training image's label counts; empty where one does. */
  private Optional<String> noLabels() {
    Dataset<Row> training =
        ViewRows.labelled(spark, root)
            .where(functions.col(Samples.SPLIT).equalTo(Split.TRAIN.label()));
    if (!training.where(counts(labels)).isEmpty()) {
      return Optional.empty();
    }
    long labelled = training.count();
    return Optional.of(
        labelled == 0
            ? "No training image has a label."
            : "No label is left: %d training images are labelled, and --labels %s takes none of them."
                .formatted(labelled, labels));
  }

  /** Whether a sample's label counts. */
  static Column counts(double share) {
    return functions
        .udf((UDF1<String, Boolean>) id -> SampleKey.labelWithin(id, share), DataTypes.BooleanType)
        .apply(functions.col(Samples.SAMPLE_ID));
  }

  private TrainingView labelled(List<View> views) {
    noLabels()
        .ifPresent(
            why -> {
              throw new ConfigException(
                  why + " A recipe without a teacher learns from them alone.");
            });
    Dataset<Row> rows = readable(ViewRows.labelled(spark, root).where(counts(labels)));
    return TrainingView.materialise(
        spark,
        root,
        request(1, 1, views, Map.of("teacher", "none", "labels", String.valueOf(labels))),
        HadoopImages.of(spark),
        ViewRows.inViews(rows, views));
  }

  /** Without the images that the cache job quarantined and that can't be read now either. */
  private Dataset<Row> readable(Dataset<Row> rows) {
    Dataset<Row> unreadable = Quarantine.unreadable(spark, root, rows);
    long images = unreadable.count();
    if (images == 0) {
      return rows;
    }
    log.warn("{} labelled images are in quarantine and can't be read: left out", images);
    return rows.join(unreadable, Quarantine.on(Samples.SAMPLE_ID), "left_anti");
  }

  private ViewRequest request(
      int grid, int dimensions, List<View> views, Map<String, String> provenance) {
    int height = dataset.input().height();
    int width = dataset.input().width();
    return new ViewRequest(
        dataset.classes(),
        height,
        width,
        grid,
        grid,
        height,
        width,
        dimensions,
        0,
        views,
        provenance);
  }
}
