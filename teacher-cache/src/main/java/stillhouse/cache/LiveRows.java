package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.delta.actions.FileAction;
import org.apache.spark.sql.delta.actions.RemoveFile;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;
import stillhouse.data.View;

/**
 * Which rows of the cache something points to: a sample that is there now, or was within {@link
 * GcOptions#olderThan}. Where the user says whose rows stay, only those of these keys; else those
 * of every teacher and setting.
 */
final class LiveRows {
  private static final long START_MILLIS = 3_600_000; // from the command to this look, at most

  private static final String[] ANSWER = {
    CacheTables.FEATURE_KEY, CacheTables.PROMPT_FINGERPRINT, CacheTables.DECODER_DIGEST
  };

  private final CacheTables tables;
  private final List<GcOptions.Kept> keep;
  private final Dataset<Row> samples;
  private final SparkSession spark;

  private LiveRows(
      SparkSession spark, CacheTables tables, List<GcOptions.Kept> keep, Dataset<Row> samples) {
    this.spark = spark;
    this.tables = tables;
    this.keep = keep;
    this.samples = samples;
  }

  /**
   * @param before milliseconds of the epoch: samples that were removed later count as there
   */
  static LiveRows of(SparkSession spark, String root, List<GcOptions.Kept> keep, long before) {
    return new LiveRows(spark, CacheTables.of(root), keep, samples(spark, root, before));
  }

  /** Samples of every version since then: the table's files of now, and those removed later. */
  private static Dataset<Row> samples(SparkSession spark, String root, long before) {
    String path = Samples.table(root);
    DeltaLog log = DeltaLog.forTable(spark, path);
    Snapshot now = log.update(false, Option.empty(), Option.empty());
    long kept = DeltaLog.tombstoneRetentionMillis(now.metadata());
    if (before < System.currentTimeMillis() - kept - START_MILLIS) {
      throw new ConfigException(
          "Invalid --older-than: %s remembers removed files for %d hours (must be no longer; or raise the table's property delta.deletedFileRetentionDuration, and give --retain as long: VACUUM takes no less)"
              .formatted(path, kept / 3_600_000));
    }
    List<FileAction> files = new ArrayList<>(now.allFiles().collectAsList());
    for (RemoveFile file : now.tombstones().collectAsList()) {
      if (file.delTimestamp() > before) {
        files.add(file);
      }
    }
    StructType type = (StructType) now.metadata().schema();
    return Samples.withTiles(spark.read().schema(type).parquet(TableFiles.paths(path, files)));
  }

  /** The table's live rows: their keys. */
  Dataset<Row> of(CacheTable table) {
    Dataset<Row> rows = CacheTables.delta(spark, table.path(tables));
    return keep.isEmpty() ? ofPresentImages(table, rows) : ofKeys(table, rows);
  }

  private Dataset<Row> ofPresentImages(CacheTable table, Dataset<Row> rows) {
    Dataset<Row> features = tables.features(spark);
    Dataset<Row> contents = samples.select(Samples.CONTENT_SHA256).distinct();
    Dataset<Row> live =
        features
            .select(CacheTables.FEATURE_KEY, Samples.CONTENT_SHA256)
            .join(contents, new String[] {Samples.CONTENT_SHA256}, "left_semi")
            .select(CacheTables.FEATURE_KEY);
    return semi(rows, live, table, CacheTables.FEATURE_KEY);
  }

  private Dataset<Row> ofKeys(CacheTable table, Dataset<Row> rows) {
    return switch (table) {
      case FEATURES -> semi(rows, keyed(k -> with(k, CacheTables.FEATURE_KEY)), table, table.key());
      case ANSWERS -> semi(rows, keyed(this::answered), table, ANSWER);
      case STRUCTURE -> semi(rows, keyed(k -> with(k, table.key())), table, table.key());
    };
  }

  /** Rows of features that would be live if their view were named: how many, by view. */
  List<GcReport.OtherView> inOtherViews() {
    List<GcReport.OtherView> all = new ArrayList<>();
    for (GcOptions.Kept kept : keep) {
      List<Row> counts = inOtherViews(kept).groupBy(CacheTables.VIEW).count().collectAsList();
      for (Row row : counts) { // one a view
        String teacher = kept.keys().spec().name();
        all.add(new GcReport.OtherView(teacher, View.of(row.getString(0)), row.getLong(1)));
      }
    }
    all.sort(Comparator.comparing(GcReport.OtherView::teacher).thenComparing(v -> v.view()));
    return all;
  }

  private Dataset<Row> inOtherViews(GcOptions.Kept kept) {
    String[] key = {CacheTables.FEATURE_KEY};
    var everyView = new GcOptions.Kept(kept.keys(), List.of(View.values()));
    Dataset<Row> others =
        with(everyView, key[0]).distinct().join(keyed(k -> with(k, key[0])), key, "left_anti");
    return tables
        .features(spark)
        .select(col(key[0]), col(CacheTables.VIEW))
        .join(others, key, "left_semi");
  }

  private Dataset<Row> keyed(Function<GcOptions.Kept, Dataset<Row>> columns) {
    return keep.stream().map(columns).reduce(Dataset::union).orElseThrow().distinct();
  }

  private Dataset<Row> with(GcOptions.Kept kept, String column) {
    return CacheTables.keyed(samples, kept.keys(), kept.views()).select(column);
  }

  private Dataset<Row> answered(GcOptions.Kept kept) {
    return CacheTables.keyed(samples, kept.keys(), kept.views())
        .select(
            col(ANSWER[0]),
            col(ANSWER[1]),
            lit(kept.keys().spec().decoderDigest().hex()).as(ANSWER[2]));
  }

  private static Dataset<Row> semi(
      Dataset<Row> rows, Dataset<Row> live, CacheTable table, String... on) {
    return rows.join(live, on, "left_semi").select(table.key());
  }
}
