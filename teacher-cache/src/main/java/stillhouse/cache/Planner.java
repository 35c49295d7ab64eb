package stillhouse.cache;

import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.Samples;
import stillhouse.data.Split;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.PromptedImage;
import stillhouse.teacher.TeacherSource;

/** Says what a cache job would do: what is missing by the tables, what that takes by a probe. */
public final class Planner {
  private static final String[] FEATURE = {CacheTables.FEATURE_KEY};
  private static final String[] QUESTION = {
    CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT
  };
  private static final String[] STRUCTURE = {CacheTables.STRUCTURE_KEY};

  private final SparkSession spark;
  private final CacheTables tables;
  private final TeacherSource teacher;
  private final PromptPlan plan;
  private final CacheOptions options;
  private final boolean fitted;
  private final CacheKeys keys;
  private final Dataset<Row> samples;

  private Planner(
      SparkSession spark,
      String root,
      TeacherSource teacher,
      PromptPlan plan,
      CacheOptions options) {
    this.spark = spark;
    this.tables = CacheTables.of(root);
    this.teacher = teacher;
    this.plan = plan;
    this.options = options;
    this.fitted = Projections.fitted(spark, tables, options.cache(), teacher.spec());
    this.keys =
        fitted
            ? CacheKeys.of(spark, tables, teacher.spec(), plan, options)
            : CacheKeys.of(
                teacher.spec(),
                plan,
                Encoding.of(options.cache().encoding()),
                options.cache().structureRadius());
    this.samples = CacheTables.keyed(tables.samples(spark), keys, options.views());
  }

  /**
   * @param plan as of {@link CacheRefresh#run}
   * @param batches how many of each slot are measured; one more is for warming up
   */
  public static CachePlan plan(
      SparkSession caller,
      String root,
      TeacherSource teacher,
      PromptPlan plan,
      CacheOptions options,
      TeacherAccess access,
      ImageSource images,
      int batches) {
    SparkSession spark = CacheFiles.session(caller);
    try {
      return new Planner(spark, root, teacher, plan, options).plan(access, images, batches);
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  private CachePlan plan(TeacherAccess access, ImageSource images, int batches) {
    spark.sparkContext().setJobDescription("plan: what is missing");
    long features = missing(samples, CacheTable.FEATURES, FEATURE).count();
    Dataset<Row> questions = questions();
    long answers = keys.answers() ? questions.count() : 0;
    long structure = missing(samples, CacheTable.STRUCTURE, STRUCTURE).count();
    long prompts = keys.spec().promptable() ? prompts(questions) : 0;
    Dataset<Row> all = tables.samples(spark);
    return new CachePlan(
        all.count(),
        all.where(col(Samples.SPLIT).equalTo(Split.TRAIN.label())).count(),
        pass(features),
        pass(answers),
        pass(structure),
        prompts,
        slots(),
        fitted,
        probe(access, images, batches));
  }

  private CachePlan.Pass pass(long units) {
    return new CachePlan.Pass(units, (units + options.chunkRows() - 1) / options.chunkRows());
  }

  private int slots() {
    return spark.sparkContext().defaultParallelism();
  }

  /**
   * Units that a table lacks; all where there is no table yet, or no projection to know them by.
   */
  private Dataset<Row> missing(Dataset<Row> wanted, CacheTable table, String... unit) {
    Dataset<Row> units = wanted.dropDuplicates(unit);
    String path = table.path(tables);
    if (!fitted || TableFiles.of(spark, path).version() < 0) {
      return units;
    }
    Dataset<Row> rows = CacheTables.delta(spark, path);
    Dataset<Row> known = table == CacheTable.ANSWERS ? Questions.answered(rows, keys) : rows;
    return units.join(known.selectExpr(unit).distinct(), unit, "left_anti");
  }

  private Dataset<Row> questions() {
    return missing(samples, CacheTable.ANSWERS, QUESTION);
  }

  /** Calls of the decoder at most: the plan is asked about every open question, on executors. */
  private long prompts(Dataset<Row> questions) {
    spark.sparkContext().setJobDescription("plan: count prompts");
    PromptPlan asked = plan;
    return questions
        .select("width", "height", "mask")
        .map((MapFunction<Row, Long>) row -> prompts(asked, row), Encoders.LONG())
        .toDF("prompts")
        .agg(coalesce(sum("prompts"), lit(0L)))
        .first()
        .getLong(0);
  }

  private static long prompts(PromptPlan plan, Row row) {
    byte[] mask = row.getAs("mask");
    try {
      return plan.most(
          new PromptedImage(
              row.getAs("width"),
              row.getAs("height"),
              Optional.ofNullable(mask).map(ImageCodec::decodeMask),
              () -> {
                throw new IllegalStateException("Counting prompts reads no picture");
              }));
    } catch (RuntimeException e) { // the job puts such an image into quarantine
      return 0;
    }
  }

  private CachePlan.Probe probe(TeacherAccess access, ImageSource images, int batches) {
    spark.sparkContext().setJobDescription("plan: measure the teacher on a few images");
    int share = keys.spec().batch() * (batches + 1);
    Dataset<Row> some = contents().limit(share * slots()).repartition(slots());
    var probing =
        new Probing(
            new FeatureEncoding(teacher, access, images, keys),
            new Answering(teacher, access, plan, images, keys),
            new StructureMapping(keys));
    List<Row> measured =
        some.mapPartitions(probing, Encoders.row(Probing.TYPE)).collectAsList(); // a few a slot
    return new ProbeSums(measured).probe();
  }

  /**
   * Missing contents first, of a promptable teacher's those with labels first: whose prompts can be
   * measured. The same order each time.
   */
  private Dataset<Row> contents() {
    Dataset<Row> all =
        samples
            .groupBy(CacheTables.FEATURE_KEY)
            .agg(
                min(Samples.CONTENT_SHA256).as(Samples.CONTENT_SHA256),
                array_sort(collect_set(Samples.IMAGE_URI)).as("image_uris"),
                first(CacheTables.VIEW).as(CacheTables.VIEW),
                first(Samples.TILE).as(Samples.TILE),
                first(Samples.WIDTH).as(Samples.WIDTH),
                first(Samples.HEIGHT).as(Samples.HEIGHT),
                first(Samples.MASK).as(Samples.MASK),
                first(CacheTables.PROMPT_FINGERPRINT).as(CacheTables.PROMPT_FINGERPRINT));
    return all.join(
            missing(samples, CacheTable.FEATURES, FEATURE)
                .select(col(CacheTables.FEATURE_KEY), lit(0).as("order")),
            FEATURE,
            "left")
        .orderBy(
            coalesce(col("order"), lit(1)),
            when(lit(keys.spec().promptable()).and(col(Samples.MASK).isNull()), 1).otherwise(0),
            xxhash64(lit("probe"), col(CacheTables.FEATURE_KEY)))
        .drop("order");
  }
}
