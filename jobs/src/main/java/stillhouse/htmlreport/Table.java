package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * Rows under headers. A row's first cell is its name, and heads it.
 *
 * @param caption what the table shows
 * @param headers one a column
 */
record Table(String caption, List<String> headers, List<Line> rows) implements Block {
  private static final int SHADES = 10;
  private static final String NONE = "–";

  Table {
    headers = List.copyOf(headers);
    rows = List.copyOf(rows);
    for (Line row : rows) {
      if (row.cells().size() + 1 != headers.size()) {
        throw new IllegalArgumentException(
            "Invalid table '%s': %d cells in row %s for headers %s"
                .formatted(caption, row.cells().size() + 1, row.name(), headers));
      }
    }
  }

  /** A column's header, which stands where its cells do. */
  record Header(String text, boolean number) {}

  List<Header> columns() {
    List<Header> columns = new ArrayList<>();
    for (int i = 0; i < headers.size(); i++) {
      int cell = i - 1; // the first column has names
      boolean number = cell >= 0 && rows.stream().anyMatch(r -> r.cells().get(cell).number());
      columns.add(new Header(headers.get(i), number));
    }
    return columns;
  }

  /**
   * One row.
   *
   * @param aside what stands below its name, smaller; empty for nothing
   */
  record Line(String name, String aside, List<Cell> cells) {
    Line {
      cells = List.copyOf(cells);
    }
  }

  /**
   * One cell.
   *
   * @param text what it says
   * @param aside what it says below, smaller; empty for nothing
   * @param sort the number by which a reader may sort; empty where it has none
   * @param shade class of its background, {@code s0} to {@code s10}; empty for none
   */
  record Cell(String text, String aside, String sort, String shade) {
    /** Whether it has a number to sort by. */
    boolean number() {
      return !sort.isEmpty();
    }

    /** Whether it stands to the right, as numbers do, and what stands for one that is not there. */
    boolean right() {
      return number() || text.equals(NONE);
    }

    static Cell text(String text) {
      return new Cell(text, "", "", "");
    }

    static Cell none() {
      return text(NONE);
    }

    static Cell number(double value, String format) {
      return new Cell(String.format(Locale.ROOT, format, value), "", String.valueOf(value), "");
    }

    /** A metric of 0…1; none where it is not defined. */
    static Cell metric(OptionalDouble value) {
      return value.isPresent() ? number(value.getAsDouble(), "%.4f") : none();
    }

    static Cell count(long value) {
      return number(value, "%,.0f");
    }

    Cell with(String asideText) {
      return new Cell(text, asideText, sort, shade);
    }

    /**
     * @param share 0…1, of the darkest
     */
    Cell shaded(double share) {
      return new Cell(text, aside, sort, "s" + Math.round(share * SHADES));
    }
  }

  static Builder of(String caption, String... headers) {
    return new Builder(caption, List.of(headers));
  }

  /** Gathers rows. */
  static final class Builder {
    private final String caption;
    private final List<String> headers;
    private final List<Line> rows = new ArrayList<>();

    Builder(String caption, List<String> headers) {
      this.caption = caption;
      this.headers = headers;
    }

    Builder row(String name, Cell... cells) {
      return row(name, List.of(cells));
    }

    Builder row(String name, List<Cell> cells) {
      return row(name, "", cells);
    }

    Builder row(String name, String aside, List<Cell> cells) {
      rows.add(new Line(name, aside, cells));
      return this;
    }

    Table build() {
      return new Table(caption, headers, Collections.unmodifiableList(rows));
    }
  }
}
