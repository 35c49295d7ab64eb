package stillhouse.data;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What is known of each file: the listing held against the rows of samples and quarantine, in one
 * pass over their names and times. No mask is read.
 */
final class Ledger {
  /** One row a file that is listed, or has rows. */
  enum State {
    /** Its samples are of the file as it is. */
    KNOWN,
    /** Quarantined as it is. */
    OUT,
    /** Quarantined as it is, for a reason that may have passed. */
    RETRIED,
    /** Its samples are not of the file as it is. */
    CHANGED,
    ADDED,
    /** No longer listed. */
    GONE
  }

  static final String STATE = "state";

  /** Why a file was quarantined: reason and detail; null where it was not, or not as it is. */
  static final String FORMER = "former";

  /** Samples of the file in the table, and its rows in the quarantine. */
  private static final String ROWS = "rows";

  private static final String OUTS = "outs";

  /**
   * The file system's reasons, since leave to read changes neither length nor time of a file; and
   * those of older versions, whose files can be read by now.
   */
  private static final Object[] PASSING = {"not-readable", "cmyk", "orientation"};

  /** {@link Samples#IMAGE_URI} in {@link #unread}. */
  static final String UNREAD = "unread";

  private static final String IDS = "ids";
  private static final String NOW = "now";
  private static final String FIRST = "first_was";
  private static final String LAST = "last_was";
  private static final String OUT = "out_was";

  private final Dataset<Row> samples;
  private final Dataset<Row> files;

  private Ledger(Dataset<Row> samples, Dataset<Row> files) {
    this.samples = samples;
    this.files = files;
  }

  /**
   * @param found {@link SourceListing#taken}
   */
  static Ledger of(Dataset<Row> found, Dataset<Row> samples, Dataset<Row> quarantine) {
    Column uri = col(Samples.IMAGE_URI);
    Column[] identity =
        Samples.IDENTITY.stream()
            .filter(name -> !name.equals(Samples.IMAGE_URI))
            .map(name -> col(name))
            .toArray(Column[]::new);
    Column asItIs = struct(identity);
    Dataset<Row> ours = quarantine.where(col(Samples.STAGE).equalTo(Ingest.STAGE));
    Dataset<Row> entries =
        found
            .select(uri, asItIs.as(NOW))
            .unionByName(samples.select(uri, asItIs.as(FIRST), col(Samples.SAMPLE_ID)), true)
            .unionByName(
                ours.select(uri, asItIs.as(OUT), col(Samples.REASON), col(Samples.DETAIL)), true);
    Dataset<Row> files =
        entries
            .groupBy(Samples.IMAGE_URI)
            .agg(
                max(NOW).as(NOW),
                min(FIRST).as(FIRST),
                max(FIRST).as(LAST),
                count(FIRST).as(ROWS),
                size(collect_set(Samples.SAMPLE_ID)).cast("long").as(IDS),
                max(OUT).as(OUT),
                count(OUT).as(OUTS),
                max(Samples.REASON).as(Samples.REASON),
                max(Samples.DETAIL).as(Samples.DETAIL))
            .withColumn(STATE, state())
            .withColumn(FORMER, when(in(State.RETRIED), why()))
            .drop(NOW, FIRST, LAST, OUT, Samples.DETAIL);
    return new Ledger(samples, files);
  }

  private static Column state() {
    Column known =
        col(ROWS)
            .gt(0)
            .and(col(FIRST).eqNullSafe(col(NOW)))
            .and(col(LAST).eqNullSafe(col(NOW)))
            .and(col(IDS).equalTo(col(ROWS)));
    Column out = col(OUTS).equalTo(1).and(col(OUT).eqNullSafe(col(NOW)));
    Column passing = col(Samples.REASON).isin(PASSING);
    return when(col(NOW).isNull(), State.GONE.name())
        .when(known, State.KNOWN.name())
        .when(out.and(not(passing)), State.OUT.name())
        .when(out.and(col(ROWS).equalTo(0)), State.RETRIED.name())
        .when(col(ROWS).gt(0), State.CHANGED.name())
        .otherwise(State.ADDED.name());
  }

  private static Column in(State... states) {
    return col(STATE).isin((Object[]) Stream.of(states).map(State::name).toArray(String[]::new));
  }

  /** Reason and detail of a row of either kind. */
  static Column why() {
    return concat(col(Samples.REASON), lit(" "), col(Samples.DETAIL));
  }

  /** The files that something is to be done about: a file a row, with {@link #STATE}. */
  Dataset<Row> open() {
    Column settled = in(State.KNOWN).and(not(hasOuts())).or(in(State.OUT).and(not(hasRows())));
    return files.where(not(settled));
  }

  /** Of {@link #open}: those to be read. */
  static Dataset<Row> unread(Dataset<Row> open) {
    return open.where(in(State.ADDED, State.CHANGED, State.RETRIED))
        .select(col(Samples.IMAGE_URI).as(UNREAD), col(FORMER), hasRows().as(SampleReader.EXISTED));
  }

  /** Of {@link #open}: those whose samples leave. */
  static Dataset<Row> stale(Dataset<Row> open) {
    return open.where(hasRows().and(not(in(State.KNOWN)))).select(Samples.IMAGE_URI);
  }

  /** Of {@link #open}: those whose quarantine leaves, unless it is found to be as it was. */
  static Dataset<Row> staleOuts(Dataset<Row> open) {
    return open.where(hasOuts().and(not(in(State.OUT)))).select(Samples.IMAGE_URI);
  }

  private static Column hasRows() {
    return col(ROWS).gt(0);
  }

  private static Column hasOuts() {
    return col(OUTS).gt(0);
  }

  /** All of {@link Books} in one query, of few rows. */
  Books books() {
    Dataset<Row> ofFiles =
        files
            .groupBy(
                col(STATE).as(Books.NAME),
                when(hasOuts(), col(Samples.REASON)).as(Books.ITEM),
                hasRows().as(Books.HAS_SAMPLES))
            .agg(count(lit(1)).as(Books.COUNT), sum(IDS).as(Books.IDS))
            .withColumn(Books.KIND, lit(Books.Kind.FILES.name()));
    return Books.of(
        ofFiles.unionByName(ofSamples(), true).unionByName(ofGroups(), true).collectAsList());
  }

  /** Samples by split: all, those without a mask, those that show a class. */
  private Dataset<Row> ofSamples() {
    Column none = array().cast("array<string>");
    Column unlabelled = when(unlabelled(), array(lit(Books.UNLABELLED))).otherwise(none);
    Column classes = col(Samples.CLASSES_PRESENT).cast("array<string>");
    return samples
        .select(
            col(Samples.SPLIT).as(Books.NAME),
            explode(concat(array(lit(Books.ALL)), unlabelled, classes)).as(Books.ITEM))
        .groupBy(Books.NAME, Books.ITEM)
        .agg(count(lit(1)).as(Books.COUNT))
        .withColumn(Books.KIND, lit(Books.Kind.SAMPLES.name()));
  }

  private Column unlabelled() {
    boolean digests = List.of(samples.columns()).contains(Samples.MASK_SHA256);
    return col(digests ? Samples.MASK_SHA256 : Samples.MASK).isNull();
  }

  private Dataset<Row> ofGroups() {
    return samples
        .groupBy(Samples.GROUP_ID)
        .agg(min(Samples.SPLIT).as(FIRST), max(Samples.SPLIT).as(LAST))
        .where(not(col(FIRST).equalTo(col(LAST))))
        .agg(count(lit(1)).as(Books.COUNT))
        .withColumn(Books.KIND, lit(Books.Kind.STRADDLING.name()));
  }
}
