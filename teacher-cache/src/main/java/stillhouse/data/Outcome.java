package stillhouse.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.current_timestamp;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What reading files gave: kept on the executors until it is closed, so nothing is read twice. */
final class Outcome implements AutoCloseable {
  /** What became of a file. */
  enum Fate {
    ADDED,
    CHANGED,
    QUARANTINED,
    /** Quarantined as it was before. */
    STILL_OUT
  }

  private static final Logger LOG = LoggerFactory.getLogger(Outcome.class);
  private static final String FATE = "fate";

  /** With masks of 30 KiB a file of 128 MiB, as Parquet's row groups are. */
  private static final int ROWS_A_FILE = 4096;

  private final Dataset<Row> rows;
  private final Map<Fate, Long> files = new EnumMap<>(Fate.class);
  private long samples;

  private Outcome(Dataset<Row> rows) {
    this.rows = rows;
  }

  /**
   * Reads the files.
   *
   * @param unread {@link SourceListing#taken} of them, with what {@link Ledger#unread} says
   */
  static Outcome of(Dataset<Row> unread, SampleReader reader) {
    int tasks = 4 * unread.sparkSession().sparkContext().defaultParallelism(); // files differ
    var outcome =
        new Outcome(
            unread
                .repartition(tasks)
                .mapPartitions(reader, Encoders.row(SampleReader.SCHEMA))
                .withColumn(FATE, fate())
                .persist(StorageLevel.MEMORY_AND_DISK()));
    outcome.tally();
    return outcome;
  }

  /** Of no file. */
  static Outcome none(SparkSession spark) {
    StructType type = SampleReader.SCHEMA.add(FATE, DataTypes.StringType);
    return new Outcome(spark.createDataFrame(List.<Row>of(), type));
  }

  private static Column fate() {
    Column asBefore = Ledger.why().eqNullSafe(col(Ledger.FORMER));
    return when(
            col(Samples.REASON).isNotNull(),
            when(asBefore, Fate.STILL_OUT.name()).otherwise(Fate.QUARANTINED.name()))
        .when(col(SampleReader.EXISTED), Fate.CHANGED.name())
        .otherwise(Fate.ADDED.name());
  }

  private void tally() {
    Column odd = col(SampleReader.SKIPPED).gt(0);
    for (Row row :
        rows.groupBy(FATE)
            .agg(
                countDistinct(Samples.IMAGE_URI),
                count(Samples.SAMPLE_ID),
                sum(SampleReader.SKIPPED),
                count(when(odd, 1)),
                min(when(odd, col(Samples.IMAGE_URI))))
            .collectAsList()) {
      files.put(Fate.valueOf(row.getString(0)), row.getLong(1));
      samples += row.getLong(2);
      if (row.getLong(3) > 0) {
        LOG.warn(
            "Passed over {} shapes without an area in the labels of {} images (such as {})",
            row.getLong(3),
            row.getLong(4),
            row.getString(5));
      }
    }
  }

  long of(Fate fate) {
    return files.getOrDefault(fate, 0L);
  }

  /** Rows of samples; empty where there are none. */
  Optional<Dataset<Row>> samples() {
    return some(samples, rows.where(col(Samples.REASON).isNull()), Samples.SCHEMA);
  }

  /** Rows of quarantine that are new; empty where there are none. */
  Optional<Dataset<Row>> quarantine() {
    Dataset<Row> ours =
        with(Fate.QUARANTINED)
            .withColumn(Samples.STAGE, lit(Ingest.STAGE))
            .withColumn(Samples.AT, current_timestamp())
            .withColumn(Samples.CACHE_KEY, lit(null).cast(DataTypes.StringType));
    return some(of(Fate.QUARANTINED), ours, Samples.QUARANTINE_SCHEMA);
  }

  /** Of keys, those of files that are not quarantined as before. */
  Dataset<Row> notStillOut(Dataset<Row> keys) {
    return of(Fate.STILL_OUT) == 0
        ? keys
        : keys.join(
            with(Fate.STILL_OUT).select(Samples.IMAGE_URI),
            new String[] {Samples.IMAGE_URI},
            "left_anti");
  }

  private Dataset<Row> with(Fate fate) {
    return rows.where(col(FATE).equalTo(fate.name()));
  }

  private static Optional<Dataset<Row>> some(long count, Dataset<Row> rows, StructType type) {
    if (count == 0) {
      return Optional.empty();
    }
    Column[] columns = Stream.of(type.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
    int files = (int) Math.min(Integer.MAX_VALUE, 1 + (count - 1) / ROWS_A_FILE);
    return Optional.of(rows.select(columns).coalesce(files));
  }

  @Override
  public void close() {
    rows.unpersist();
  }
}
