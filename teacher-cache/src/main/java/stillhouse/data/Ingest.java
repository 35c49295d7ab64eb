package stillhouse.data;

import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.current_timestamp;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.delta.tables.DeltaTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a data set's folders into the samples table. Executors list names and read bytes, and
 * these only of files whose (uri, length, time) and settings no earlier run knew. The samples table
 * is committed first, then quarantine: a run that ends between the two reads the quarantined files
 * again.
 */
public final class Ingest {
  /** The value of {@link Samples#STAGE} in this job's quarantine rows. */
  public static final String STAGE = "ingest";

  private static final String STATE = "state";
  private static final String KNOWN = "known";
  private static final String CHANGED = "changed";
  private static final String GONE = "gone";
  private static final String ADDED = "added";
  private static final String QUARANTINED = "quarantined";

  /** Reasons of older versions, whose files can be read by now: they are tried again. */
  private static final Object[] MENDED = {"cmyk", "orientation"};

  private static final Logger LOG = LoggerFactory.getLogger(Ingest.class);

  private final SparkSession spark;
  private final DatasetConfig config;
  private final String root;
  private final String samplesPath;
  private final String quarantinePath;

  private Ingest(SparkSession spark, DatasetConfig config, String root) {
    this.spark = spark;
    this.config = config;
    this.root = root;
    this.samplesPath = Samples.table(root);
    this.quarantinePath = Samples.quarantineTable(root);
  }

  /**
   * @param root the workspace, any Hadoop path
   * @throws stillhouse.conf.ConfigException where a folder is missing or has no images, or the
   *     workspace holds another data set
   * @throws IllegalStateException where the counts do not add up
   */
  public static IngestReport run(SparkSession spark, DatasetConfig config, String root) {
    return new Ingest(spark, config, root).run();
  }

  private IngestReport run() {
    Configuration hadoop = spark.sessionState().newHadoopConf();
    describe("listing");
    try (var listing = new SourceListing(config, hadoop)) {
      Dataset<Row> listed = listing.rows(spark).persist(StorageLevel.MEMORY_AND_DISK());
      try {
        return ingest(listing.images(listed), SourceListing.taken(listed), hadoop);
      } finally {
        listed.unpersist();
      }
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  private IngestReport ingest(long files, Dataset<Row> found, Configuration hadoop) {
    IngestedDataset ours = IngestedDataset.of(config);
    Optional<IngestedDataset> there;
    if (DeltaTable.isDeltaTable(spark, samplesPath)) {
      there = IngestedDataset.read(spark, root);
      // One workspace, one data set: another's ingest would take its samples for gone.
      there.ifPresent(other -> other.requireName(root, config));
    } else {
      there = Optional.of(ours); // by the properties that the table is made with
    }
    createTable(samplesPath, Samples.SCHEMA, ours.properties());
    createTable(quarantinePath, Samples.QUARANTINE_SCHEMA, Map.of());
    Dataset<Row> samples = withState(loadSamples(), found);
    Dataset<Row> quarantine =
        tryMended(withState(Samples.withCacheKey(load(quarantinePath)), found));
    Dataset<Row> outcome = outcome(found, samples, quarantine, hadoop);
    outcome.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      IngestReport report = commit(files, samples, quarantine, outcome);
      if (!there.equals(Optional.of(ours))) {
        ours.write(spark, root); // last: until then its rows are of the old classes
      }
      return report;
    } finally {
      outcome.unpersist();
    }
  }

  private void createTable(String path, StructType schema, Map<String, String> properties) {
    if (DeltaTable.isDeltaTable(spark, path)) {
      return;
    }
    var table =
        DeltaTable.createIfNotExists(spark)
            .location(path)
            .addColumns(schema)
            .property("delta.enableDeletionVectors", "false");
    properties.forEach(table::property);
    table.execute();
  }

  private Dataset<Row> load(String path) {
    return spark.read().format("delta").load(path);
  }

  private Dataset<Row> loadSamples() {
    return Samples.withMaskDigest(Samples.withTiles(load(samplesPath)));
  }

  /** {@code table} with a column {@link #STATE}: what the sources have of each row's file now. */
  private static Dataset<Row> withState(Dataset<Row> table, Dataset<Row> found) {
    Column[] renamed =
        Samples.IDENTITY.stream().map(c -> col(c).as("now_" + c)).toArray(Column[]::new);
    Column same =
        Samples.IDENTITY.stream()
            .map(c -> col(c).eqNullSafe(col("now_" + c)))
            .reduce(Column::and)
            .orElseThrow();
    Column there = col("now_" + Samples.IMAGE_URI);
    return table
        .join(found.select(renamed), col(Samples.IMAGE_URI).equalTo(there), "left")
        .withColumn(STATE, when(there.isNull(), GONE).when(same, KNOWN).otherwise(CHANGED));
  }

  private static Dataset<Row> tryMended(Dataset<Row> quarantine) {
    Column mended = col(STATE).equalTo(KNOWN).and(col(Samples.REASON).isin(MENDED));
    return quarantine.withColumn(STATE, when(mended, CHANGED).otherwise(col(STATE)));
  }

  /** What became of each file that was not known: {@link SampleReader#SCHEMA}. */
  private Dataset<Row> outcome(
      Dataset<Row> found, Dataset<Row> samples, Dataset<Row> quarantine, Configuration hadoop) {
    Dataset<Row> rows =
        samples
            .select(col(Samples.IMAGE_URI).as("row_uri"), col(STATE).equalTo(KNOWN).as("row_known"))
            .distinct(); // a file's tiles are known or changed together
    Dataset<Row> out = known(ours(quarantine)).select(col(Samples.IMAGE_URI).as("out_uri"));
    Dataset<Row> pending =
        found
            .join(rows, col(Samples.IMAGE_URI).equalTo(col("row_uri")), "left")
            .filter(not(coalesce(col("row_known"), lit(false))))
            .join(out, col(Samples.IMAGE_URI).equalTo(col("out_uri")), "left_anti")
            .withColumn(SampleReader.EXISTED, col("row_uri").isNotNull())
            .drop("row_uri", "row_known");
    int tasks = 4 * spark.sparkContext().defaultParallelism(); // files differ in size
    return pending
        .repartition(tasks)
        .mapPartitions(new SampleReader(config, hadoop), Encoders.row(SampleReader.SCHEMA));
  }

  private IngestReport commit(
      long found, Dataset<Row> samples, Dataset<Row> quarantine, Dataset<Row> outcome) {
    describe("reading new and changed files");
    Map<String, Long> read = tally(files(outcome, fate()));
    warnOfSkipped(outcome);
    describe("comparing with the last run");
    Map<String, Long> before = tally(files(samples, col(STATE)));
    Map<String, Long> beforeOut = tally(ours(quarantine).select(STATE));
    Counts counts = Counts.of(found, read, before, beforeOut);
    if (counts.added + counts.changed > 0 || size(before) > counts.known) {
      describe("writing samples");
      Dataset<Row> kept = known(samples).select(columns(Samples.SCHEMA));
      write(kept.unionByName(sampleRows(outcome)), samplesPath);
    }
    if (counts.newlyOut > 0 || size(beforeOut) > counts.knownOut) {
      describe("writing quarantine");
      Dataset<Row> others = quarantine.filter(col(Samples.STAGE).notEqual(STAGE));
      Dataset<Row> kept =
          others.unionByName(known(ours(quarantine))).select(columns(Samples.QUARANTINE_SCHEMA));
      write(kept.unionByName(quarantineRows(outcome)), quarantinePath);
    }
    return report(counts);
  }

  private void warnOfSkipped(Dataset<Row> outcome) {
    Column skipped = col(SampleReader.SKIPPED);
    Row row =
        outcome
            .where(skipped.gt(0))
            .agg(sum(skipped), count(lit(1)), min(Samples.IMAGE_URI))
            .first();
    if (row.getLong(1) > 0) {
      LOG.warn(
          "Passed over {} shapes without an area in the labels of {} images (such as {})",
          row.getLong(0),
          row.getLong(1),
          row.getString(2));
    }
  }

  private IngestReport report(Counts counts) {
    describe("counting");
    Dataset<Row> samples = loadSamples();
    IngestReport.check(
        "files with samples",
        counts.known + counts.added + counts.changed,
        samples.select(Samples.IMAGE_URI).distinct().count());
    Map<String, Long> splits = new TreeMap<>();
    Map<String, Long> classes = new LinkedHashMap<>();
    config.classes().forEach(name -> classes.put(name, 0L));
    long unlabelled = 0;
    for (Row row : bySplit(samples).collectAsList()) {
      splits.put(row.getAs(Samples.SPLIT), row.getAs("samples"));
      unlabelled += row.<Long>getAs("unlabelled");
      classes.replaceAll((name, count) -> count + row.<Long>getAs("class " + name));
    }
    Dataset<Row> groups =
        samples.groupBy(Samples.GROUP_ID).agg(countDistinct(Samples.SPLIT).as("splits"));
    IngestReport report =
        new IngestReport(
            counts.found,
            counts.known,
            counts.added,
            counts.changed,
            counts.knownOut + counts.newlyOut,
            counts.gone,
            size(splits),
            unlabelled,
            groups.filter(col("splits").gt(1)).count(),
            splits,
            classes,
            tally(ours(load(quarantinePath)).select(Samples.REASON)));
    LOG.info("Ingested {}: {}", config.name(), report);
    return report;
  }

  /** One row a split: its samples, those without a mask, and those that show each class. */
  private Dataset<Row> bySplit(Dataset<Row> samples) {
    List<Column> sums = new ArrayList<>();
    sums.add(countIf(col(Samples.MASK).isNull()).as("unlabelled"));
    for (int i = 0; i < config.classes().size(); i++) {
      Column present = array_contains(col(Samples.CLASSES_PRESENT), i + 1);
      sums.add(countIf(present).as("class " + config.classes().get(i)));
    }
    return samples
        .groupBy(Samples.SPLIT)
        .agg(count(lit(1)).as("samples"), sums.toArray(Column[]::new));
  }

  private static Column countIf(Column condition) {
    return count(when(condition, lit(1)));
  }

  /** Rows by the value of the one (string) column. */
  private static Map<String, Long> tally(Dataset<Row> values) {
    Map<String, Long> tally = new TreeMap<>();
    for (Row row : values.groupBy(values.columns()[0]).count().collectAsList()) {
      tally.put(row.getString(0), row.getLong(1));
    }
    return tally;
  }

  /** The fate of each file, however many samples it has. */
  private static Dataset<Row> files(Dataset<Row> rows, Column fate) {
    return rows.select(fate.as("fate"), col(Samples.IMAGE_URI)).distinct().select("fate");
  }

  private static long size(Map<String, Long> tally) {
    return tally.values().stream().mapToLong(Long::longValue).sum();
  }

  private static Dataset<Row> ours(Dataset<Row> quarantine) {
    return quarantine.filter(col(Samples.STAGE).equalTo(STAGE));
  }

  private static Dataset<Row> known(Dataset<Row> withState) {
    return withState.filter(col(STATE).equalTo(KNOWN));
  }

  private static Column fate() {
    return when(col(Samples.REASON).isNotNull(), QUARANTINED)
        .when(col(SampleReader.EXISTED), CHANGED)
        .otherwise(ADDED);
  }

  private static Dataset<Row> sampleRows(Dataset<Row> outcome) {
    return outcome.filter(col(Samples.REASON).isNull()).select(columns(Samples.SCHEMA));
  }

  private static Dataset<Row> quarantineRows(Dataset<Row> outcome) {
    return outcome
        .filter(col(Samples.REASON).isNotNull())
        .withColumn(Samples.STAGE, lit(STAGE))
        .withColumn(Samples.AT, current_timestamp())
        .withColumn(Samples.CACHE_KEY, lit(null).cast(DataTypes.StringType))
        .select(columns(Samples.QUARANTINE_SCHEMA));
  }

  private static Column[] columns(StructType schema) {
    return Stream.of(schema.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
  }

  /** Small tables, rewritten whole: one commit, and readers of the old version keep it. */
  private static void write(Dataset<Row> rows, String path) {
    rows.write()
        .format("delta")
        .mode(SaveMode.Overwrite)
        .option("mergeSchema", "true") // into a table of before there were tiles or digests
        .save(path);
  }

  private void describe(String step) {
    spark.sparkContext().setJobDescription("ingest " + config.name() + ": " + step);
  }

  /**
   * In the quarantine, {@code knownOut} are there from an earlier run, {@code newlyOut} from this.
   */
  private record Counts(
      long found, long known, long added, long changed, long knownOut, long newlyOut, long gone) {
    Counts {
      IngestReport.checkSum(found, known, added, changed, knownOut + newlyOut);
    }

    static Counts of(
        long found, Map<String, Long> read, Map<String, Long> before, Map<String, Long> beforeOut) {
      return new Counts(
          found,
          before.getOrDefault(KNOWN, 0L),
          read.getOrDefault(ADDED, 0L),
          read.getOrDefault(CHANGED, 0L),
          beforeOut.getOrDefault(KNOWN, 0L),
          read.getOrDefault(QUARANTINED, 0L),
          before.getOrDefault(GONE, 0L));
    }
  }
}
