package stillhouse.cache;

import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.Samples;
import stillhouse.teacher.Teacher;

/**
 * What each of the three tables lacks, and the chunks in which that is made. A chunk is a range of
 * feature keys, hence also a range of the table's files: neither planning nor committing one reads
 * the rest of the table.
 */
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

  /**
   * {@link FeatureEncoding#PLAN} of keyed samples: one row a content and view, however many hold
   * it.
   */
  static Dataset<Row> contents(Dataset<Row> samples) {
    return samples
        .groupBy(CacheTables.FEATURE_KEY)
        .agg(
            min("content_sha256").as("content_sha256"),
            first(CacheTables.VIEW).as(CacheTables.VIEW),
            first(Samples.TILE).as(Samples.TILE),
            array_sort(collect_set("image_uri")).as("image_uris"));
  }

  /**
   * @param asked what the teacher has said already, as {@link ProjectionFit#sampled} has it
   * @param units of the table, before any pass
   */
  CacheReport.Pass features(
      FeatureEncoding encoding, Optional<Dataset<Row>> asked, Ledger.Units units) {
    if (units.missing() == 0) {
      return units.reused();
    }
    StructType type = CacheTables.featuresType(keys.spec());
    String key = CacheTables.FEATURE_KEY;
    ChunkedPass pass = pass("features", tables.featuresPath(), key, type, key, ofEncoder());
    Dataset<Row> wanted = contents(samples);
    long kept = asked.map(said -> keep(pass, encoding, wanted, said, units.known())).orElse(0L);
    Dataset<Row> open = unknown(wanted, lit(true));
    long left = kept == 0 ? units.missing() : open.count();
    List<ChunkedPass.Chunk> chunks = left == 0 ? List.of() : featureChunks(open, left);
    long written = kept + pass.run(chunks, encoding, units.known() + kept);
    return new CacheReport.Pass(written, units.known());
  }

  /**
   * One chunk of maps that a projection was fitted to, as they are stored.
   *
   * @return rows committed
   */
  private long keep(
      ChunkedPass pass,
      FeatureEncoding encoding,
      Dataset<Row> wanted,
      Dataset<Row> said,
      long reused) {
    String unit = "asked_key"; // the key that it was asked under
    Dataset<Row> open =
        unknown(wanted, lit(true)).withColumn(unit, CacheTables.featureKey(keys.plain()));
    Dataset<Row> maps =
        said.withColumnRenamed(CacheTables.FEATURE_KEY, unit)
            .drop("content_sha256", Samples.TILE, CacheTables.VIEW, Encoding.COLUMN)
            .join(broadcast(open), unit);
    var chunk = new ChunkedPass.Chunk(said.count(), () -> maps);
    return pass.run(List.of(chunk), encoding.said(), reused);
  }

  private List<ChunkedPass.Chunk> featureChunks(Dataset<Row> missing, long rows) {
    long count = (rows + options.chunkRows() - 1) / options.chunkRows();
    Dataset<Row> numbered =
        missing.withColumn(Staging.Chunks.CHUNK, range(CacheTables.FEATURE_KEY, count));
    Staging.Chunks plan = staging.putChunks("features-plan", numbered, FeatureEncoding.PLAN);
    String key = CacheTables.FEATURE_KEY;
    Dataset<Row> sizes =
        plan.all()
            .groupBy(Staging.Chunks.CHUNK)
            .agg(count(lit(1)), min(key), max(key), count(col(Samples.TILE)))
            .orderBy(Staging.Chunks.CHUNK);
    List<ChunkedPass.Chunk> chunks = new ArrayList<>();
    for (Row row : sizes.collectAsList()) {
      Column within = col(key).between(row.getString(2), row.getString(3));
      boolean tiled = row.getLong(4) > 0;
      chunks.add(featureChunk(plan.of(row.getInt(0)), within, row.getLong(1), tiled));
    }
    return chunks;
  }

  /** Which of {@code count} equal ranges a SHA-256 in hex lies in, 0…count − 1. */
  private static Column range(String sha256, long count) {
    return expr(
        "CAST(CAST(conv(substring(%s, 1, 8), 16, 10) AS BIGINT) * %dL DIV 4294967296L AS INT)"
            .formatted(sha256, count));
  }

  /**
   * Equal shares, each in the order of its keys, so that a few are found in few row groups. Planned
   * anew when its turn comes: another run may have filled it by then.
   */
  private ChunkedPass.Chunk featureChunk(
      Dataset<Row> plan, Column within, long rows, boolean tiled) {
    int tasks = FeatureEncoding.tasks(spark, keys.spec(), rows, options.partitions());
    return new ChunkedPass.Chunk(
        rows,
        () -> {
          Column key = col(CacheTables.FEATURE_KEY);
          Dataset<Row> open = unknown(plan, within);
          // By range a frame's tiles stay together.
          Dataset<Row> shares =
              tiled ? open.repartitionByRange(tasks, key) : open.repartition(tasks);
          return shares.sortWithinPartitions(key);
        });
  }

  /**
   * @param within which of the table's rows can be of these contents
   */
  private Dataset<Row> unknown(Dataset<Row> contents, Column within) {
    Dataset<Row> known =
        tables.features(spark).where(ofEncoder()).where(within).select(CacheTables.FEATURE_KEY);
    return contents.join(known, new String[] {CacheTables.FEATURE_KEY}, "left_anti");
  }

  private Column ofEncoder() {
    return col("encoder_digest").equalTo(keys.spec().encoderDigest().hex());
  }

  /** One unit a content, view and the labels that its prompts may be taken from. */
  CacheReport.Pass answers(Answering answering, Ledger.Units units) {
    if (units.missing() == 0) {
      return units.reused();
    }
    ChunkedPass pass =
        pass(
            "answers",
            tables.answersPath(),
            CacheTables.ANSWER_KEY,
            CacheTables.ANSWERS,
            CacheTables.LOGITS + ".dtype",
            col(CacheTables.DECODER_DIGEST).equalTo(keys.spec().decoderDigest().hex()));
    boolean promptable = keys.spec().promptable();
    String[] unit = {CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT};
    Dataset<Row> wanted =
        samples
            .withColumn("mask", promptable ? col("mask") : lit(null).cast("binary"))
            .groupBy(unit[0], unit[1])
            .agg(
                first("content_sha256").as("content_sha256"),
                first("width").as("width"),
                first("height").as("height"),
                first("mask").as("mask"),
                first(CacheTables.VIEW).as(CacheTables.VIEW),
                first(Samples.TILE).as(Samples.TILE),
                array_sort(collect_set("image_uri")).as("image_uris"));
    Dataset<Row> known = Questions.answered(tables.answers(spark), keys);
    List<String> layers = promptable ? keys.spec().layers() : List.of(Teacher.LOGITS);
    return fromFeatures(pass, wanted, known, unit, layers, answering, units.known());
  }

  CacheReport.Pass structure(StructureMapping mapping, Ledger.Units units) {
    if (units.missing() == 0) {
      return units.reused();
    }
    String key = CacheTables.STRUCTURE_KEY;
    StructType type = CacheTables.STRUCTURE;
    ChunkedPass pass = pass("structure", tables.structurePath(), key, type, key, lit(true));
    String[] unit = {key};
    Dataset<Row> wanted =
        samples
            .groupBy(CacheTables.FEATURE_KEY, key)
            .agg(
                first(CacheTables.VIEW).as(CacheTables.VIEW),
                first(Samples.TILE).as(Samples.TILE),
                array_sort(collect_set("image_uri")).as("image_uris"));
    List<String> layers = List.of(keys.spec().embedding());
    Dataset<Row> known = tables.structure(spark);
    return fromFeatures(pass, wanted, known, unit, layers, mapping, units.known());
  }

  private CacheReport.Pass fromFeatures(
      ChunkedPass pass,
      Dataset<Row> wanted,
      Dataset<Row> known,
      String[] unit,
      List<String> layers,
      Outcome.Work compute,
      long reused) {
    var files =
        new FeatureFiles(spark, tables, layers.stream().map(CacheTables::layerColumn).toList());
    Dataset<Row> located = files.located(wanted.join(known.selectExpr(unit), unit, "left_anti"));
    Dataset<Row> plan = staging.put(pass.phase() + "-plan", located, located.schema());
    List<ChunkedPass.Chunk> chunks =
        files.chunks(staging, pass.phase() + "-chunks", plan, options.chunkRows());
    return new CacheReport.Pass(pass.run(chunks, compute, reused), reused);
  }

  /**
   * @param value a column that is null where the teacher was asked nothing
   * @param own which of the table's rows are of this teacher: nightly files of others stay unread
   */
  private ChunkedPass pass(
      String phase, String path, String key, StructType type, String value, Column own) {
    String app = staging.transactionApp(phase);
    var table = new AppendOnce(spark, path, app, CacheTables.FEATURE_KEY, key).among(own);
    var quarantine =
        new AppendOnce(
            spark,
            tables.quarantinePath(),
            staging.transactionApp("quarantine-" + phase),
            "image_uri",
            "image_uri",
            "reason",
            "stage",
            Samples.CACHE_KEY);
    var pass = new ChunkedPass(spark, staging, table, quarantine, progress, phase, type, value);
    pass.describe("plan");
    return pass;
  }
}
