package stillhouse.htmlreport;

import java.util.List;

/**
 * Lines and dots on two axes, laid out: the template draws it as SVG. All places are in the
 * picture's own units.
 *
 * @param title what it shows
 * @param description the same for those who can't see it, with its range
 */
record Chart(
    String title,
    String description,
    int width,
    int height,
    Box plot,
    List<Tick> across,
    List<Tick> up,
    String acrossName,
    List<Line> lines,
    List<Dot> dots,
    List<Bar> bars,
    List<Label> labels)
    implements Block {

  /** The rectangle that the axes enclose. */
  record Box(int left, int top, int right, int bottom) {}

  /** A mark on an axis. */
  record Tick(String at, String text) {}

  /**
   * A curve.
   *
   * @param points {@code x,y x,y …}
   * @param style class of its colour, {@code c0} to {@code c5}, or {@code base}
   */
  record Line(String name, String points, String style, boolean named) {}

  /** A dot of a curve. */
  record Dot(String x, String y, String style) {}

  /** A horizontal bar: an interval. */
  record Bar(String from, String to, String y) {}

  /** A name beside a row. */
  record Label(String text, String y) {}

  Chart {
    across = List.copyOf(across);
    up = List.copyOf(up);
    lines = List.copyOf(lines);
    dots = List.copyOf(dots);
    bars = List.copyOf(bars);
    labels = List.copyOf(labels);
  }

  /** Those with a name in the legend. */
  List<Line> legend() {
    return lines.stream().filter(Line::named).toList();
  }
}
