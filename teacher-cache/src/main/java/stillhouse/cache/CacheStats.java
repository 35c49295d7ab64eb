package stillhouse.cache;

import java.util.List;
import java.util.Map;

/**
 * What a workspace holds and what that weighs: from the tables' logs, their key columns and lists
 * of folders. No tensor is read and no row comes to the driver but sums.
 *
 * @param features by what made them; bytes are each file's, shared out by rows
 * @param structure by teacher and operator
 * @param views of {@code cache/views}, each with what stopped or running writers have beside it
 * @param stagingBytes of runs at work, or stopped
 */
public record CacheStats(
    List<Table> tables,
    List<Features> features,
    List<Answers> answers,
    List<Structure> structure,
    List<Split> samples,
    List<Refused> quarantine,
    List<View> views,
    long stagingBytes) {

  /**
   * @param version of Delta; −1 where there is no such table
   * @param committed when that version was made, ISO 8601
   * @param otherBytes of files in its folder that this version does not name: taken out, or
   *     computed and not committed; {@code gc} takes them in time
   */
  public record Table(
      String name,
      long version,
      String committed,
      long files,
      long bytes,
      long rows,
      long otherBytes) {}

  /**
   * @param encoder its digest, as {@code preprocessing}: the name is for people
   */
  public record Features(
      String teacher,
      String encoder,
      String preprocessing,
      String view,
      String encoding,
      long rows,
      long bytes) {}

  /**
   * @param teacher the one whose features they were made from; empty where those are gone
   * @param prompt what was asked: {@code box}, {@code point}, {@code none} of a plain segmenter,
   *     {@code nothing} where there was nothing to ask
   * @param images features that they answer about
   */
  public record Answers(
      String teacher,
      String decoder,
      String encoding,
      String prompt,
      long rows,
      long images,
      long bytes) {}

  /**
   * @param teacher as of {@link Answers}
   */
  public record Structure(
      String teacher, String encoding, String layer, int radius, long rows, long bytes) {}

  /**
   * @param classes images that show each class, by its name
   */
  public record Split(
      String split, long images, long labelled, long unlabelled, Map<String, Long> classes) {}

  /**
   * Files that could not be used. Rows stay when a file is mended, so some may be cached by now.
   */
  public record Refused(String stage, String reason, long images) {}

  /**
   * @param rows by split; empty where the view was never finished
   * @param teacher empty for a view of labels alone
   * @param bytes of the view's own rows
   * @param attemptBytes of folders beside it that no {@code view.json} names
   */
  public record View(
      String digest, Map<String, Long> rows, String teacher, long bytes, long attemptBytes) {}

  public long bytes() {
    return tables.stream().mapToLong(Table::bytes).sum();
  }
}
