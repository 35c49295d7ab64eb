package stillhouse.htmlreport;

import java.util.List;

/**
 * A sentence.
 *
 * @param text what is so
 * @param command what would change it, as one types it, one a line; empty for none
 */
record Note(String text, String command) implements Block {
  Note(String text) {
    this(text, "");
  }

  /** A command of several words, which alone are kept together. */
  record Line(List<String> words) {}

  List<Line> commands() {
    return command.lines().map(line -> new Line(List.of(line.strip().split("\\s+")))).toList();
  }
}
