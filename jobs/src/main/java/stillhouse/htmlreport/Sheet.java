package stillhouse.htmlreport;

import java.util.List;
import stillhouse.report.ContactSheet;

/**
 * Pictures, an image a row.
 *
 * @param headers what each panel of a row shows
 */
public record Sheet(String title, List<String> headers, List<ContactSheet.Row> rows) {
  public Sheet {
    headers = List.copyOf(headers);
    rows = List.copyOf(rows);
  }
}
