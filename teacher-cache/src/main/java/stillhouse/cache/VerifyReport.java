package stillhouse.cache;

import java.util.List;
import java.util.Optional;

/**
 * Whether a cache is what it says it is.
 *
 * @param tables one each: features, answers, structure, samples, quarantine
 * @param samples whether each is cached or quarantined; empty where no teacher was named
 * @param recomputed empty where that was not asked for
 */
public record VerifyReport(
    List<Table> tables, Optional<Samples> samples, Optional<Recomputed> recomputed) {

  /**
   * @param rows that could be read
   * @param damagedFiles files that do not read whole, or hold a damaged row
   * @param lostRows rows that the log has and no file gives
   * @param damagedRows rows with a tensor that is not what was written
   * @param duplicates rows beyond the first of a key
   * @param orphans rows of answers or structure without their features
   * @param incomplete questions of which fewer answers are there than were given
   * @param examples of all of these, in words: the first few
   */
  public record Table(
      String name,
      long files,
      long rows,
      long damagedFiles,
      long lostRows,
      long damagedRows,
      long duplicates,
      long orphans,
      long incomplete,
      List<String> examples) {
    public boolean whole() {
      return damagedFiles == 0 && duplicates == 0 && orphans == 0 && incomplete == 0;
    }
  }

  /**
   * Samples, those of the training split once a view.
   *
   * @param lost some images that are neither cached nor quarantined
   */
  public record Samples(long samples, long cached, long quarantined, List<String> lost) {
    public boolean even() {
      return cached + quarantined == samples;
    }
  }

  /**
   * A few images, asked again as if there were no cache.
   *
   * @param seed which were asked: the same with the same seed
   * @param images that the teacher was asked about: of different content, each tile of a frame one
   * @param rows that were held against the cache's, in all three tables
   * @param different rows that are not equal byte for byte, or on one side only
   * @param largest difference of any two values; 0 where a difference isn't one of values
   * @param examples which rows, and how they differ: the first few
   */
  public record Recomputed(
      String seed, long images, long rows, long different, double largest, List<String> examples) {}

  /** Whether there is nothing to mend. */
  public boolean passed() {
    return tables.stream().allMatch(Table::whole)
        && samples.map(Samples::even).orElse(true)
        && recomputed.map(r -> r.different() == 0).orElse(true);
  }
}
