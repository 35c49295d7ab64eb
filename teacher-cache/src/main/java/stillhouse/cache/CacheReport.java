package stillhouse.cache;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import stillhouse.data.View;

/**
 * What a refresh did. {@code samples = cached + quarantined}, always.
 *
 * @param samples rows of the samples table
 * @param cached samples that have features, answers and structure in each of their views
 * @param quarantined samples that have not, each with its reason in the quarantine table
 * @param views how many samples have them in each view
 */
public record CacheReport(
    long samples,
    long cached,
    long quarantined,
    Map<View, Long> views,
    Pass features,
    Pass answers,
    Pass structure) {
  public CacheReport {
    Map<View, Long> copy = new EnumMap<>(View.class);
    copy.putAll(views);
    views = Collections.unmodifiableMap(copy);
  }

  /**
   * One table's share.
   *
   * @param written rows that this run committed
   * @param reused units that were there already: contents (features, structure), contents with
   *     their questions (answers)
   */
  public record Pass(long written, long reused) {}

  /** Rows that this run committed, over the three tables. */
  public long written() {
    return features.written() + answers.written() + structure.written();
  }

  /** Units found in the three tables. */
  public long reused() {
    return features.reused() + answers.reused() + structure.reused();
  }
}
