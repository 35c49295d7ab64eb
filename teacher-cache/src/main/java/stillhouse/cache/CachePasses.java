package stillhouse.cache;

import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import stillhouse.teacher.Teacher;

/** What each of the three tables lacks, and the chunks in which that is made. */
final class CachePasses {
  private final SparkSession spark;
  private final CacheTables tables;
  private final Staging staging;
  private final CacheKeys keys;
  private final CacheOptions options;
  private final Dataset<Row> samples;
  private final Progress progress;

  /**
   * @param samples keyed
   */
  CachePasses(
      SparkSession spark,
      CacheTables tables,
      Staging staging,
      CacheKeys keys,
      CacheOptions options,
      Dataset<Row> samples,
      Progress progress) {
    this.spark = spark;
    this.tables = tables;
    this.staging = staging;
    this.keys = keys;
    this.options = options;
    this.samples = samples;
    this.progress = progress;
  }

  /** One row a content, however many samples hold it. */
  CacheReport.Pass features(FeatureEncoding encoding) {
    StructType type = CacheTables.featuresType(keys.spec());
    ChunkedPass pass = pass("features", tables.featuresPath(), CacheTables.FEATURE_KEY, type);
    Dataset<Row> wanted =
        samples
            .groupBy(CacheTables.FEATURE_KEY)
            .agg(
                min("content_sha256").as("content_sha256"),
                min("sample_id").as("sample_id"),
                array_sort(collect_set("image_uri")).as("image_uris"));
    Tally tally = tally(wanted, tables.features(spark), CacheTables.FEATURE_KEY);
    if (tally.missing() == 0) {
      return new CacheReport.Pass(0, tally.reused());
    }
    long written = pass.run(featureChunks(unknown(wanted), tally.missing()), encoding);
    return new CacheReport.Pass(written, tally.reused());
  }

  private record Tally(long missing, long reused) {}

  private static Tally tally(Dataset<Row> wanted, Dataset<Row> known, String... unit) {
    Dataset<Row> hits = known.selectExpr(unit).distinct().withColumn("known", lit(1));
    Row counts =
        wanted
            .selectExpr(unit)
            .join(hits, unit, "left_outer")
            .agg(count(lit(1)), count("known"))
            .first();
    return new Tally(counts.getLong(0) - counts.getLong(1), counts.getLong(1));
  }

  private List<ChunkedPass.Chunk> featureChunks(Dataset<Row> missing, long rows) {
    int count = Math.toIntExact((rows + options.chunkRows() - 1) / options.chunkRows());
    var chunk = pmod(xxhash64(col(CacheTables.FEATURE_KEY)), lit(count)).cast("int");
    Dataset<Row> plan =
        staging.put("features-plan", missing.withColumn("chunk", chunk), FeatureEncoding.PLAN);
    List<ChunkedPass.Chunk> chunks = new ArrayList<>();
    for (Row row : plan.groupBy("chunk").count().orderBy("chunk").collectAsList()) {
      chunks.add(featureChunk(plan.filter(col("chunk").equalTo(row.getInt(0))), row.getLong(1)));
    }
    return chunks;
  }

  /** Planned anew when its turn comes: another run may have filled it by then. */
  private ChunkedPass.Chunk featureChunk(Dataset<Row> plan, long rows) {
    long batches = (rows + keys.spec().batch() - 1) / keys.spec().batch();
    int slots =
        options.partitions() > 0 ? options.partitions() : spark.sparkContext().defaultParallelism();
    int tasks = (int) Math.min(slots, batches);
    return new ChunkedPass.Chunk(rows, () -> unknown(plan).repartition(tasks));
  }

  private Dataset<Row> unknown(Dataset<Row> contents) {
    Dataset<Row> known = tables.features(spark).select(CacheTables.FEATURE_KEY);
    return contents.join(known, new String[] {CacheTables.FEATURE_KEY}, "left_anti");
  }

  /** One unit a content and the labels that its prompts may be taken from. */
  CacheReport.Pass answers(Answering answering) {
    if (!keys.answers()) {
      return new CacheReport.Pass(0, 0);
    }
    ChunkedPass pass =
        pass("answers", tables.answersPath(), CacheTables.ANSWER_KEY, CacheTables.ANSWERS);
    boolean promptable = keys.spec().promptable();
    String[] unit = {CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT};
    Dataset<Row> wanted =
        samples
            .withColumn("mask", promptable ? col("mask") : lit(null).cast("binary"))
            .groupBy(unit[0], unit[1])
            .agg(
                first("width").as("width"),
                first("height").as("height"),
                first("mask").as("mask"),
                array_sort(collect_set("image_uri")).as("image_uris"));
    Dataset<Row> known = CacheTables.answersOf(tables.answers(spark), keys);
    List<String> layers = promptable ? keys.spec().layers() : List.of(Teacher.LOGITS);
    return fromFeatures(pass, wanted, known, unit, layers, answering);
  }

  CacheReport.Pass structure(StructureMapping mapping) {
    ChunkedPass pass =
        pass("structure", tables.structurePath(), CacheTables.STRUCTURE_KEY, CacheTables.STRUCTURE);
    String[] unit = {CacheTables.STRUCTURE_KEY};
    Dataset<Row> wanted =
        samples.select(CacheTables.FEATURE_KEY, CacheTables.STRUCTURE_KEY).distinct();
    List<String> layers = List.of(keys.spec().embedding());
    return fromFeatures(pass, wanted, tables.structure(spark), unit, layers, mapping);
  }

  private CacheReport.Pass fromFeatures(
      ChunkedPass pass,
      Dataset<Row> wanted,
      Dataset<Row> known,
      String[] unit,
      List<String> layers,
      MapPartitionsFunction<Row, Row> compute) {
    var files =
        new FeatureFiles(spark, tables, layers.stream().map(CacheTables::layerColumn).toList());
    Tally tally = tally(wanted, known, unit);
    if (tally.missing() == 0) {
      return new CacheReport.Pass(0, tally.reused());
    }
    Dataset<Row> located = files.located(wanted.join(known.selectExpr(unit), unit, "left_anti"));
    Dataset<Row> plan = staging.put(pass.phase() + "-plan", located, located.schema());
    long written = pass.run(files.chunks(plan, options.chunkRows()), compute);
    return new CacheReport.Pass(written, tally.reused());
  }

  private ChunkedPass pass(String phase, String path, String key, StructType type) {
    var table = new AppendOnce(spark, path, staging.transactionApp(phase), key);
    var quarantine =
        new AppendOnce(
            spark,
            tables.quarantinePath(),
            staging.transactionApp("quarantine"),
            "image_uri",
            "reason",
            "stage");
    var pass = new ChunkedPass(spark, staging, table, quarantine, progress, phase, type);
    pass.describe("plan");
    return pass;
  }
}
