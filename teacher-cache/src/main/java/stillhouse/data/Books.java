package stillhouse.data;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;

/**
 * What a {@link Ledger} comes to.
 *
 * @param files of each state
 * @param stale files whose samples are to leave
 * @param staleOuts files whose quarantine is to leave
 * @param gone files that are no longer listed, with samples
 * @param ids distinct sample ids, counted file by file
 * @param splits samples of each split, counted row by row
 * @param items samples without a mask ({@link #UNLABELLED}) and those that show a class, by its
 *     number
 * @param straddling groups in more than one split
 * @param reasons files of states OUT and RETRIED by reason
 */
record Books(
    Map<Ledger.State, Long> files,
    long stale,
    long staleOuts,
    long gone,
    long ids,
    Map<String, Long> splits,
    Map<String, Long> items,
    long straddling,
    Map<String, Long> reasons) {
  static final String KIND = "kind";
  static final String NAME = "name";
  static final String ITEM = "item";
  static final String COUNT = "count";
  static final String IDS = "sample_ids";
  static final String HAS_SAMPLES = "has_samples";

  /** What a row of the query counts. */
  enum Kind {
    FILES,
    SAMPLES,
    STRADDLING
  }

  /** Items of samples, beside classes. */
  static final String ALL = "all";

  static final String UNLABELLED = "unlabelled";

  static Books of(List<Row> rows) {
    var sums = new Sums();
    rows.forEach(sums::add);
    return new Books(
        sums.files,
        sums.stale,
        sums.staleOuts,
        sums.gone,
        sums.ids,
        sums.splits,
        sums.items,
        sums.straddling,
        sums.reasons);
  }

  long of(Ledger.State state) {
    return files.getOrDefault(state, 0L);
  }

  /** Files to be read. */
  long unread() {
    return of(Ledger.State.ADDED) + of(Ledger.State.CHANGED) + of(Ledger.State.RETRIED);
  }

  long quarantined() {
    return of(Ledger.State.OUT) + of(Ledger.State.RETRIED);
  }

  private static final class Sums {
    private final Map<Ledger.State, Long> files = new EnumMap<>(Ledger.State.class);
    private final Map<String, Long> splits = new TreeMap<>();
    private final Map<String, Long> items = new HashMap<>();
    private final Map<String, Long> reasons = new TreeMap<>();
    private long stale;
    private long staleOuts;
    private long gone;
    private long ids;
    private long straddling;

    private void add(Row row) {
      long count = row.getAs(COUNT);
      switch (Kind.valueOf(row.getAs(KIND))) {
        case FILES -> addFiles(row, count);
        case SAMPLES -> addSamples(row, count);
        case STRADDLING -> straddling += count;
      }
    }

    private void addFiles(Row row, long count) {
      Ledger.State state = Ledger.State.valueOf(row.getAs(NAME));
      String reason = row.getAs(ITEM);
      boolean samples = row.getAs(HAS_SAMPLES);
      boolean quarantined = state == Ledger.State.OUT || state == Ledger.State.RETRIED;
      files.merge(state, count, Long::sum);
      ids += row.<Long>getAs(IDS);
      if (samples && state != Ledger.State.KNOWN) {
        stale += count;
        gone += state == Ledger.State.GONE ? count : 0;
      }
      if (quarantined) {
        reasons.merge(reason, count, Long::sum);
      } else if (reason != null) {
        staleOuts += count;
      }
    }

    private void addSamples(Row row, long count) {
      String item = row.getAs(ITEM);
      if (item.equals(ALL)) {
        splits.merge(row.getAs(NAME), count, Long::sum);
      } else {
        items.merge(item, count, Long::sum);
      }
    }
  }
}
