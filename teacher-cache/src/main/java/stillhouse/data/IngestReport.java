package stillhouse.data;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * What ingest did with the files that it found. Each found file is exactly one of known, added,
 * changed and quarantined.
 *
 * @param found image files in the sources that their shares and limits take
 * @param known unchanged since the last run, not read again
 * @param added read, and now a sample that was none before
 * @param changed a sample whose file or settings had changed, read again
 * @param quarantined found to be unusable, now or by an earlier run
 * @param gone files whose samples were removed because the sources no longer have them
 * @param samples that are now in the table: a file is one, or has its tiles and crops there
 * @param unlabelled samples without a mask
 * @param straddling groups with images in more than one split: the fixed splits of different
 *     sources share them, so train and test are not independent
 * @param splits samples of each split
 * @param classes samples that show each class
 * @param reasons quarantined files by reason
 */
public record IngestReport(
    long found,
    long known,
    long added,
    long changed,
    long quarantined,
    long gone,
    long samples,
    long unlabelled,
    long straddling,
    Map<String, Long> splits,
    Map<String, Long> classes,
    Map<String, Long> reasons)
    implements Serializable {

  /**
   * @throws IllegalStateException where the counts do not add up
   */
  public IngestReport {
    splits = new TreeMap<>(splits);
    reasons = new TreeMap<>(reasons);
    checkSum(found, known, added, changed, quarantined);
    check("samples by split", sum(splits), samples);
    check("quarantined by reason", sum(reasons), quarantined);
  }

  static void checkSum(long found, long known, long added, long changed, long quarantined) {
    check("found", found, known + added + changed + quarantined);
  }

  static void check(String what, long expected, long actual) {
    if (expected != actual) {
      throw new IllegalStateException(
          "Ingest lost files: "
              + what
              + " is "
              + expected
              + ", what became of them gives "
              + actual
              + ". Run the ingest again; where that says the same, restore the samples table to the"
              + " version before.");
    }
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
