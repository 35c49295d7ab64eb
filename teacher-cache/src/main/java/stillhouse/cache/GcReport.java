package stillhouse.cache;

import java.util.List;
import stillhouse.data.View;

/**
 * What went, or would go.
 *
 * @param tables features, answers and structure
 * @param otherViews what goes, or would, of teachers that stay, in views that were not named
 * @param views digests of training views
 * @param viewBytes of these views and of what stopped writers left beside others
 * @param staging folders of runs that were stopped
 * @param vacuums what older versions of tables held
 */
public record GcReport(
    List<Table> tables,
    List<OtherView> otherViews,
    List<String> views,
    long viewBytes,
    long staging,
    long stagingBytes,
    List<Vacuum> vacuums) {

  /**
   * Bytes of files that went are on disk until VACUUM takes them.
   *
   * @param rows of the table before
   * @param dead rows that nothing points to
   * @param dropped files without a live row
   * @param compacted files less than half live, whose live rows were written anew
   * @param merged small live files that were put together into larger ones
   * @param freedBytes of the files that went, less those that came
   * @param skipped files that another writer took meanwhile
   */
  public record Table(
      String name,
      long rows,
      long dead,
      long dropped,
      long compacted,
      long merged,
      long freedBytes,
      long skipped) {}

  /**
   * @param rows of features: images in this view
   */
  public record OtherView(String teacher, View view, long rows) {}

  /**
   * @param hours for which files are kept that no newest version names
   * @param files older ones, as the log knows them; what no log knows is found on the way
   */
  public record Vacuum(String table, long hours, long files, long bytes) {}
}
