package stillhouse.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.current_timestamp;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;

import io.delta.tables.DeltaTable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a data set's folders into the samples table. The driver lists names; executors read bytes,
 * and only of files whose (uri, length, time) and settings no earlier run knew. The samples table
 * is committed first, then quarantine: a run that ends between the two reads the quarantined files
 * again.
 */
public final class Ingest {
  /** The value of {@link Samples#STAGE} in this job's quarantine rows. */
  public static final String STAGE = "ingest";

  private static final Logger LOG = LoggerFactory.getLogger(Ingest.class);

  private final SparkSession spark;
  private final DatasetConfig config;
  private final String samplesPath;
  private final String quarantinePath;

  private Ingest(SparkSession spark, DatasetConfig config, String root) {
    this.spark = spark;
    this.config = config;
    this.samplesPath = Samples.table(root);
    this.quarantinePath = Samples.quarantineTable(root);
  }

  /**
   * @param root the workspace, any Hadoop path
   * @throws stillhouse.conf.ConfigException where a folder is missing or has no images
   * @throws IllegalStateException where the counts do not add up
   */
  public static IngestReport run(SparkSession spark, DatasetConfig config, String root) {
    return new Ingest(spark, config, root).run();
  }

  private IngestReport run() {
    Configuration hadoop = spark.sessionState().newHadoopConf();
    Dataset<Row> found =
        spark.createDataFrame(new SourceListing(config, hadoop).rows(), SourceListing.SCHEMA);
    Dataset<Row> samples = table(samplesPath, Samples.SCHEMA);
    Dataset<Row> quarantine = table(quarantinePath, Samples.QUARANTINE_SCHEMA);
    Dataset<Row> outcome = outcome(found, samples, quarantine, hadoop);
    outcome.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      return commit(found, samples, quarantine, outcome);
    } finally {
      outcome.unpersist();
      spark.sparkContext().setJobDescription(null);
    }
  }

  private Dataset<Row> table(String path, StructType schema) {
    DeltaTable.createIfNotExists(spark)
        .location(path)
        .addColumns(schema)
        .property("delta.enableDeletionVectors", "false")
        .execute();
    return spark.read().format("delta").load(path);
  }

  /** What became of each file that was not known: {@link SampleReader#SCHEMA}. */
  private Dataset<Row> outcome(
      Dataset<Row> found, Dataset<Row> samples, Dataset<Row> quarantine, Configuration hadoop) {
    Dataset<Row> before =
        samples.select(col(Samples.IMAGE_URI).as("before_uri")).withColumn("was", lit(true));
    Dataset<Row> pending =
        matching(matching(found, samples, "left_anti"), ours(quarantine), "left_anti");
    Dataset<Row> files =
        pending
            .join(before, pending.col(Samples.IMAGE_URI).equalTo(before.col("before_uri")), "left")
            .withColumn(SampleReader.EXISTED, col("was").isNotNull())
            .drop("before_uri", "was");
    int tasks = 4 * spark.sparkContext().defaultParallelism(); // files differ in size
    return files
        .repartition(tasks)
        .mapPartitions(new SampleReader(config, hadoop), Encoders.row(SampleReader.SCHEMA));
  }

  private IngestReport commit(
      Dataset<Row> found, Dataset<Row> samples, Dataset<Row> quarantine, Dataset<Row> outcome) {
    Dataset<Row> kept = matching(samples, found, "left_semi");
    Dataset<Row> keptOut = matching(ours(quarantine), found, "left_semi");
    Counts counts = count(found, samples, kept, keptOut, outcome);
    if (counts.added + counts.changed > 0 || samples.count() != counts.known) {
      describe("writing samples");
      write(kept.unionByName(sampleRows(outcome)), samplesPath);
    }
    if (counts.newlyOut > 0 || ours(quarantine).count() != counts.knownOut) {
      describe("writing quarantine");
      Dataset<Row> others = quarantine.filter(col(Samples.STAGE).notEqual(STAGE));
      write(others.unionByName(keptOut).unionByName(quarantineRows(outcome)), quarantinePath);
    }
    return report(counts);
  }

  private Counts count(
      Dataset<Row> found,
      Dataset<Row> samples,
      Dataset<Row> kept,
      Dataset<Row> keptOut,
      Dataset<Row> outcome) {
    describe("reading new and changed files");
    long newlyOut = outcome.filter(col(Samples.REASON).isNotNull()).count();
    Dataset<Row> read = outcome.filter(col(Samples.REASON).isNull());
    long changed = read.filter(col(SampleReader.EXISTED)).count();
    describe("comparing with the last run");
    return new Counts(
        found.count(),
        kept.count(),
        read.count() - changed,
        changed,
        keptOut.count(),
        newlyOut,
        samples.join(found, uris(samples, found), "left_anti").count());
  }

  private IngestReport report(Counts counts) {
    describe("counting");
    Dataset<Row> samples = spark.read().format("delta").load(samplesPath);
    Dataset<Row> out = ours(spark.read().format("delta").load(quarantinePath));
    Map<String, Long> byId =
        tally(samples.select(explode(col(Samples.CLASSES_PRESENT)).cast("string").as("class")));
    Map<String, Long> classes = new LinkedHashMap<>();
    for (int i = 0; i < config.classes().size(); i++) {
      classes.put(config.classes().get(i), byId.getOrDefault(String.valueOf(i + 1), 0L));
    }
    Dataset<Row> straddling =
        samples
            .groupBy(Samples.GROUP_ID)
            .agg(countDistinct(Samples.SPLIT).as("splits"))
            .filter(col("splits").gt(1));
    IngestReport report =
        new IngestReport(
            counts.found,
            counts.known,
            counts.added,
            counts.changed,
            counts.knownOut + counts.newlyOut,
            counts.gone,
            samples.filter(col(Samples.MASK).isNull()).count(),
            straddling.count(),
            tally(samples.select(Samples.SPLIT)),
            classes,
            tally(out.select(Samples.REASON)));
    LOG.info("Ingested {}: {}", config.name(), report);
    return report;
  }

  /** Rows by the value of the one (string) column. */
  private static Map<String, Long> tally(Dataset<Row> values) {
    Map<String, Long> tally = new TreeMap<>();
    for (Row row : values.groupBy(values.columns()[0]).count().collectAsList()) {
      tally.put(row.getString(0), row.getLong(1));
    }
    return tally;
  }

  private static Dataset<Row> ours(Dataset<Row> quarantine) {
    return quarantine.filter(col(Samples.STAGE).equalTo(STAGE));
  }

  private static Dataset<Row> sampleRows(Dataset<Row> outcome) {
    return outcome.filter(col(Samples.REASON).isNull()).select(columns(Samples.SCHEMA));
  }

  private static Dataset<Row> quarantineRows(Dataset<Row> outcome) {
    return outcome
        .filter(col(Samples.REASON).isNotNull())
        .withColumn(Samples.STAGE, lit(STAGE))
        .withColumn(Samples.AT, current_timestamp())
        .select(columns(Samples.QUARANTINE_SCHEMA));
  }

  private static Column[] columns(StructType schema) {
    return Stream.of(schema.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
  }

  /**
   * Rows of {@code left} that have (or, anti, have not) a row of the same identity on the right.
   */
  private static Dataset<Row> matching(Dataset<Row> left, Dataset<Row> right, String join) {
    Column equal =
        Samples.IDENTITY.stream()
            .map(column -> left.col(column).eqNullSafe(right.col(column)))
            .reduce(Column::and)
            .orElseThrow();
    return left.join(right, equal, join);
  }

  private static Column uris(Dataset<Row> left, Dataset<Row> right) {
    return left.col(Samples.IMAGE_URI).equalTo(right.col(Samples.IMAGE_URI));
  }

  /** Small tables, rewritten whole: one commit, and readers of the old version keep it. */
  private static void write(Dataset<Row> rows, String path) {
    rows.write().format("delta").mode(SaveMode.Overwrite).save(path);
  }

  private void describe(String step) {
    spark.sparkContext().setJobDescription("ingest " + config.name() + ": " + step);
  }

  private record Counts(
      long found, long known, long added, long changed, long knownOut, long newlyOut, long gone) {
    Counts {
      IngestReport.checkSum(found, known, added, changed, knownOut + newlyOut);
    }
  }
}
