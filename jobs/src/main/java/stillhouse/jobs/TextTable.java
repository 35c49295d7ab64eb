package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows of a table for a console: columns as wide as they must be, numbers at the right. */
final class TextTable {
  private static final String GAP = "  ";
  private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB", "PiB"};

  private final List<String[]> rows = new ArrayList<>();

  TextTable(String... head) {
    rows.add(head);
  }

  /** Cells as they are to be read; a {@code Long} gets its thousands apart. */
  void add(Object... cells) {
    String[] row = new String[cells.length];
    for (int i = 0; i < cells.length; i++) {
      row[i] =
          cells[i] instanceof Long n ? String.format(Locale.ROOT, "%,d", n) : cells[i].toString();
    }
    rows.add(row);
  }

  boolean isEmpty() {
    return rows.size() == 1;
  }

  /** One line a row, the head first. */
  String text() {
    int columns = rows.get(0).length;
    StringBuilder text = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(i == 0 ? "" : GAP).append(padded(row[i], width(i), isNumber(i)));
      }
      text.append(line.toString().stripTrailing()).append(System.lineSeparator());
    }
    return text.toString();
  }

  private int width(int column) {
    return rows.stream().mapToInt(row -> row[column].length()).max().orElse(0);
  }

  /** Whether all cells below the head begin with a digit. */
  private boolean isNumber(int column) {
    return rows.size() > 1
        && rows.stream().skip(1).allMatch(row -> row[column].matches("[-~]?[0-9].*|-|"));
  }

  private static String padded(String cell, int width, boolean right) {
    String blanks = " ".repeat(width - cell.length());
    return right ? blanks + cell : cell + blanks;
  }

  /** A count of bytes in the unit that a person would choose. */
  static String bytes(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double amount = bytes / 1024.0;
    int unit = 0;
    while (amount >= 1024 && unit < UNITS.length - 1) {
      amount /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, amount < 10 ? "%.2f %s" : "%.1f %s", amount, UNITS[unit]);
  }
}
