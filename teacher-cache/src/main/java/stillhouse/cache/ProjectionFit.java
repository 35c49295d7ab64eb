package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.Split;
import stillhouse.teacher.TeacherSpec;

/**
 * Fits the projections that a workspace lacks, before its first features are stored through them.
 *
 * <p>The sample is the training images, or tiles, whose feature keys have the smallest hash: the
 * teacher is asked about them first, its maps are staged as they are (fp32) and {@link #sampled}
 * later, so that nothing is asked twice. Means and covariances are summed on executors, in an order
 * that depends on the keys alone, so the same sample always gives the same bits.
 */
final class ProjectionFit {
  static final String PHASE = "projection";

  // However many executors there are: which cells are summed together is part of the sum.
  private static final int SUMS = 8;

  // A few damaged images move no principal direction; more are not the sample that was asked for.
  private static final double LEAST = 0.9;

  private static final Logger log = LoggerFactory.getLogger(ProjectionFit.class);

  private final SparkSession spark;
  private final CacheTables tables;
  private final Staging staging;
  private final Progress progress;
  private final FeatureEncoding encoder;
  private final CacheOptions options;
  private Dataset<Row> sample;

  /**
   * @param encoder of maps as the teacher gives them: its keys are of plain fp32
   */
  ProjectionFit(
      SparkSession spark,
      CacheTables tables,
      Staging staging,
      Progress progress,
      FeatureEncoding encoder,
      CacheOptions options) {
    this.spark = spark;
    this.tables = tables;
    this.staging = staging;
    this.progress = progress;
    this.encoder = encoder;
    this.options = options;
  }

  /**
   * The workspace's encoding, its projections found or fitted now.
   *
   * @param samples the samples table
   * @throws ConfigException where there is no training image, or a layer has too few channels
   * @throws IllegalStateException where too many of the sampled images can't be encoded
   */
  Encoding encoding(Dataset<Row> samples) {
    DatasetConfig.Cache cache = options.cache();
    Projections kept = Projections.of(tables, spark);
    SortedMap<String, Encoding.Fitted> fitted = new TreeMap<>();
    for (ProjectionRule rule : ProjectionRule.of(cache.projection(), encoder.keys().spec())) {
      Encoding.Fitted found = kept.find(rule).orElseGet(() -> fit(kept, rule, samples));
      fitted.put(rule.layer(), found);
    }
    return new Encoding(cache.encoding(), fitted);
  }

  /**
   * What the teacher said of the sample, rows of the features table of plain fp32; empty where
   * nothing was fitted.
   */
  Optional<Dataset<Row>> sampled() {
    return Optional.ofNullable(sample);
  }

  private Encoding.Fitted fit(Projections kept, ProjectionRule rule, Dataset<Row> samples) {
    requireUnused(rule);
    if (sample == null) {
      sample = ask(samples, rule);
    }
    describe("sums of layer " + rule.layer());
    Moments moments = moments(rule);
    Projection fitted = Pca.projection(moments, rule.dimensions());
    return kept.publish(rule, fitted, sample.count(), moments.count());
  }

  /** Rows that were stored through a projection that is gone could not be read any more. */
  private void requireUnused(ProjectionRule rule) {
    Dataset<Row> through =
        tables.features(spark).where(col(Encoding.COLUMN).contains(rule.digest().hex()));
    if (!through.isEmpty()) {
      throw new IllegalStateException(
          "Cannot fit a projection of layer '%s': %s holds rows that were stored through one, and %s/%s is gone. Restore that folder; another fit would ask the teacher about every image again."
              .formatted(
                  rule.layer(), tables.featuresPath(), tables.projectionsPath(), rule.digest()));
    }
  }

  private Dataset<Row> ask(Dataset<Row> samples, ProjectionRule rule) {
    Dataset<Row> training = samples.where(col("split").equalTo(Split.TRAIN.label()));
    Dataset<Row> wanted =
        CachePasses.contents(CacheTables.keyed(training, encoder.keys()))
            .orderBy(
                xxhash64(lit(PHASE), col(CacheTables.FEATURE_KEY)), col(CacheTables.FEATURE_KEY))
            .limit(rule.sample());
    Dataset<Row> plan = staging.put("projection-plan", wanted, wanted.schema());
    long images = plan.count();
    if (images == 0) {
      throw new ConfigException(
          "Cannot fit a projection of layer '%s': the data set has no training image. Leave cache.projection out, or give a source another split."
              .formatted(rule.layer()));
    }
    describe("sample of %d images".formatted(images));
    var failures = new Failures(spark.sparkContext());
    Dataset<Row> said = staged(plan, images, failures);
    progress.report(images, images, PHASE);
    requireMost(rule, failures.all(), images);
    if (images < rule.sample()) {
      log.warn(
          "The projection of layer {} is fitted to {} training images, cache.projection.sample asks"
              + " for {}: it is never fitted again",
          rule.layer(),
          images,
          rule.sample());
    }
    return said;
  }

  /** What could be read on a bad night would be what the cache is stored through for good. */
  private static void requireMost(ProjectionRule rule, List<Outcome.Failed> failed, long planned) {
    long observed = planned - failed.size();
    if (observed >= LEAST * planned) {
      return;
    }
    Outcome.Failed example = failed.get(0);
    throw new IllegalStateException(
        "Cannot fit a projection of layer '%s': of %d sampled images the teacher could encode %d (must be %.0f %%), for example not %s: %s: %s. Nothing was stored. Mend these or take them out of the data set, then run the cache job again."
            .formatted(
                rule.layer(),
                planned,
                observed,
                100 * LEAST,
                example.uris(),
                example.reason(),
                example.detail()));
  }

  private Dataset<Row> staged(Dataset<Row> plan, long images, Failures failures) {
    TeacherSpec spec = encoder.keys().spec();
    StructType type = CacheTables.featuresType(spec);
    int tasks = FeatureEncoding.tasks(spark, spec, images, options.partitions());
    try (var live =
        new LiveCount(
            spark.sparkContext(),
            ChunkedPass.PAUSE,
            rows -> progress.report(rows, images, PHASE))) {
      Dataset<Row> rows =
          plan.repartition(tasks)
              .mapPartitions(live.counting(failures.apartFrom(encoder)), Encoders.row(type));
      return staging.put(PHASE, rows, type);
    }
  }

  private Moments moments(ProjectionRule rule) {
    String column = CacheTables.layerColumn(rule.layer());
    List<Moments> sums =
        sample
            .select(col(CacheTables.FEATURE_KEY), col(column))
            .map(new Cells(rule, encoder.keys().spec().name()), Cells.ENCODER)
            .repartition(SUMS, col(CacheTables.FEATURE_KEY))
            .sortWithinPartitions(CacheTables.FEATURE_KEY)
            .javaRDD()
            .mapPartitions(Cells::observe)
            .collect(); // SUMS of them at most, in the order of their numbers
    return sums.stream().reduce(Moments::merge).orElseThrow(); // some were observed
  }

  private void describe(String what) {
    spark.sparkContext().setJobDescription("cache: projection, " + what);
  }
}
