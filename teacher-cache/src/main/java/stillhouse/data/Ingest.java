package stillhouse.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaConcurrentModificationException;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a data set's folders into the samples table. Executors list names and read bytes, and
 * these only of files whose (uri, length, time) and settings no earlier run knew. The samples table
 * is committed first, then quarantine: a run that ends between the two reads the quarantined files
 * again.
 *
 * <p>Both tables are looked at before the folders are, and what is written stands on that look:
 * where another ingest commits meanwhile, this one lists and compares again. An older listing never
 * undoes a newer one.
 */
public final class Ingest {
  /** The value of {@link Samples#STAGE} in this job's quarantine rows. */
  public static final String STAGE = "ingest";

  private static final Logger LOG = LoggerFactory.getLogger(Ingest.class);
  private static final int ATTEMPTS = 5; // each lost to a writer that made progress

  private final SparkSession spark;
  private final DatasetConfig config;
  private final String root;
  private final IngestedDataset ours;
  private final Runnable planned;
  private final Configuration hadoop;

  /** Of all attempts: a commit to samples stands, even where the one to quarantine is refused. */
  private long added;

  private long changed;
  private long gone;

  /**
   * @param planned runs when a commit is planned, and nothing is written yet
   */
  private Ingest(SparkSession spark, DatasetConfig config, String root, Runnable planned) {
    this.spark = spark;
    this.config = config;
    this.root = root;
    this.ours = IngestedDataset.of(config);
    this.planned = planned;
    this.hadoop = spark.sessionState().newHadoopConf();
  }

  /**
   * @param root the workspace, any Hadoop path
   * @throws stillhouse.conf.ConfigException where a folder is missing or has no images, or the
   *     workspace holds another data set
   * @throws IllegalStateException where the counts do not add up, or other writers were always
   *     first
   */
  public static IngestReport run(SparkSession spark, DatasetConfig config, String root) {
    return run(spark, config, root, () -> {});
  }

  static IngestReport run(SparkSession spark, DatasetConfig config, String root, Runnable planned) {
    var ingest = new Ingest(spark, config, root, planned);
    try {
      return ingest.run();
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  private IngestReport run() {
    DeltaConcurrentModificationException last = null;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        return attempt(Tables.newest(spark, root));
      } catch (DeltaConcurrentModificationException e) {
        LOG.info(
            "Attempt {} to ingest {} met another writer, starting again", attempt, config.name());
        last = e;
      }
    }
    throw new IllegalStateException(
        "Cannot ingest %s: other writers were first to commit to %s/tables in %d attempts. Run one ingest or refresh of a workspace at a time."
            .formatted(config.name(), root, ATTEMPTS),
        last);
  }

  /** Samples and quarantine, each as one version is. */
  private record Tables(TableVersion samples, TableVersion quarantine) {
    static Tables newest(SparkSession spark, String root) {
      return new Tables(
          TableVersion.newest(spark, Samples.table(root), Samples.SCHEMA),
          TableVersion.newest(spark, Samples.quarantineTable(root), Samples.QUARANTINE_SCHEMA));
    }

    Ledger ledger(Dataset<Row> found) {
      return Ledger.of(found, samples.rows(), quarantine.rows());
    }
  }

  private IngestReport attempt(Tables there) {
    // One workspace, one data set: another's ingest would take its samples for gone.
    IngestedDataset.of(there.samples().properties())
        .ifPresent(other -> other.requireName(root, config));
    describe("listing");
    try (var listing = new SourceListing(config, hadoop)) {
      Dataset<Row> listed = listing.rows(spark).persist(StorageLevel.MEMORY_AND_DISK());
      try {
        return ingest(there, listing.images(listed), SourceListing.taken(listed));
      } finally {
        listed.unpersist();
      }
    }
  }

  private IngestReport ingest(Tables there, long files, Dataset<Row> found) {
    describe("comparing with the last run");
    Ledger ledger = there.ledger(found);
    Books before = ledger.books();
    Dataset<Row> open = ledger.open().persist(StorageLevel.MEMORY_AND_DISK());
    try (Outcome outcome = read(before, found, open)) {
      Tables now = commit(there, before, open, outcome);
      if (now.equals(there)) {
        return report(files, before);
      }
      describe("counting");
      return report(files, now.ledger(found).books());
    } finally {
      open.unpersist();
    }
  }

  private Outcome read(Books before, Dataset<Row> found, Dataset<Row> open) {
    if (before.unread() == 0) {
      return Outcome.none(spark);
    }
    describe("reading new and changed files");
    Dataset<Row> unread =
        found
            .join(Ledger.unread(open), col(Samples.IMAGE_URI).equalTo(col(Ledger.UNREAD)))
            .drop(Ledger.UNREAD);
    return Outcome.of(unread, new SampleReader(config, hadoop));
  }

  private Tables commit(Tables there, Books before, Dataset<Row> open, Outcome outcome) {
    TableVersion samples = writeSamples(there.samples(), before, open, outcome);
    added += outcome.of(Outcome.Fate.ADDED);
    changed += outcome.of(Outcome.Fate.CHANGED);
    gone += before.gone();
    return new Tables(samples, writeQuarantine(there.quarantine(), before, open, outcome));
  }

  private TableVersion writeSamples(
      TableVersion samples, Books before, Dataset<Row> open, Outcome outcome) {
    Optional<Dataset<Row>> rows = outcome.samples();
    boolean same = before.stale() == 0 && rows.isEmpty();
    if (same && samples.properties().entrySet().containsAll(ours.properties().entrySet())) {
      return samples;
    }
    describe("writing samples");
    planned.run();
    Optional<TableVersion.Leaving> stale = leaving(Ledger.stale(open), before.stale(), lit(true));
    if (samples.exists() && !samples.has(Samples.MASK_SHA256)) {
      // A table has the digests of all masks or of none.
      Dataset<Row> old = Samples.withMaskDigest(Samples.withTiles(samples.rows()));
      Dataset<Row> kept = stale.map(leaving -> leaving.stayingOf(old)).orElse(old);
      rows = Optional.of(rows.map(fresh -> kept.unionByName(fresh)).orElse(kept));
      stale = Optional.of(TableVersion.Leaving.everything());
    } else if (before.of(Ledger.State.KNOWN) == 0) {
      stale = stale.map(leaving -> TableVersion.Leaving.everything());
    }
    return samples.commit(stale, rows, ours.properties());
  }

  private TableVersion writeQuarantine(
      TableVersion quarantine, Books before, Dataset<Row> open, Outcome outcome) {
    Optional<Dataset<Row>> rows = outcome.quarantine();
    long stale =
        before.staleOuts() + before.of(Ledger.State.RETRIED) - outcome.of(Outcome.Fate.STILL_OUT);
    if (quarantine.exists() && stale == 0 && rows.isEmpty()) {
      return quarantine;
    }
    describe("writing quarantine");
    Dataset<Row> keys = outcome.notStillOut(Ledger.staleOuts(open));
    return quarantine.commit(
        leaving(keys, stale, col(Samples.STAGE).equalTo(STAGE)), rows, Map.of());
  }

  private static Optional<TableVersion.Leaving> leaving(
      Dataset<Row> keys, long size, Column among) {
    return size == 0
        ? Optional.empty()
        : Optional.of(new TableVersion.Leaving(Optional.of(keys), Samples.IMAGE_URI, size, among));
  }

  /**
   * @param files that were listed, counted by the listing alone
   * @param now what the tables have of them, read back where anything was written
   */
  private IngestReport report(long files, Books now) {
    long known = now.of(Ledger.State.KNOWN);
    IngestReport.check("files", files, known + now.quarantined());
    IngestReport.check("files with rows of before", 0, now.stale() + now.staleOuts());
    Map<String, Long> classes = new LinkedHashMap<>();
    for (int i = 0; i < config.classes().size(); i++) {
      String number = Integer.toString(i + 1);
      classes.put(config.classes().get(i), now.items().getOrDefault(number, 0L));
    }
    return new IngestReport(
        files,
        known - added - changed,
        added,
        changed,
        now.quarantined(),
        gone,
        now.ids(),
        now.items().getOrDefault(Books.UNLABELLED, 0L),
        now.straddling(),
        now.splits(),
        classes,
        now.reasons());
  }

  private void describe(String step) {
    spark.sparkContext().setJobDescription("ingest " + config.name() + ": " + step);
  }
}
