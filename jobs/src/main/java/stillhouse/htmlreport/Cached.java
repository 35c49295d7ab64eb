package stillhouse.htmlreport;

import java.util.List;
import java.util.Map;
import stillhouse.cache.CacheStats;

/**
 * What students learned from.
 *
 * @param asked of the teacher: what names the answers, in the order of a list; empty where no
 *     teacher was named
 * @param supervision what the answers rest on beside the images; empty for nothing
 * @param views of the runs: which data each was trained on
 */
public record Cached(
    CacheStats stats, Map<String, String> asked, String supervision, Map<String, String> views) {
  /** What was ever asked of teachers, by the kinds of the questions. */
  List<CacheStats.Answers> answers() {
    return stats.answers();
  }
}
