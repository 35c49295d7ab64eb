package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** A dot and an interval a name, one below the other. */
final class IntervalChart {
  private static final int ROW = 26;
  private static final int TOP = 8;
  private static final int FOOT = 40;
  private static final int WIDTH = 460;
  private static final double LETTER = 6.6; // of 12 px, on average
  private static final int LONGEST = 28; // letters of a name; the table has the whole

  private IntervalChart() {}

  /**
   * @param low NaN, as {@code high}, where no interval is known
   */
  record Mark(String name, double value, double low, double high) {}

  static Chart of(String title, List<Mark> marks) {
    int letters = marks.stream().mapToInt(m -> cut(m.name()).length()).max().orElse(0);
    int bottom = TOP + ROW * marks.size();
    var plot = new Chart.Box((int) (LETTER * letters) + 20, TOP, WIDTH - 14, bottom);
    DoubleStream all =
        marks.stream().flatMapToDouble(m -> DoubleStream.of(m.value(), m.low(), m.high()));
    Axis axis = Axis.of(all, plot.left(), plot.right());
    List<Chart.Bar> bars = new ArrayList<>();
    List<Chart.Dot> dots = new ArrayList<>();
    List<Chart.Label> labels = new ArrayList<>();
    for (int i = 0; i < marks.size(); i++) {
      Mark mark = marks.get(i);
      String y = String.format(Locale.ROOT, "%.1f", TOP + ROW * (i + 0.5));
      labels.add(new Chart.Label(cut(mark.name()), y));
      if (Double.isFinite(mark.low()) && Double.isFinite(mark.high())) {
        bars.add(new Chart.Bar(axis.at(mark.low()), axis.at(mark.high()), y));
      }
      dots.add(new Chart.Dot(axis.at(mark.value()), y, "c0"));
    }
    return new Chart(
        title,
        title + ": " + marks.stream().map(IntervalChart::told).collect(Collectors.joining("; ")),
        WIDTH,
        bottom + FOOT,
        plot,
        axis.ticks(),
        List.of(),
        "",
        List.of(),
        dots,
        bars,
        labels);
  }

  private static String cut(String name) {
    return name.length() <= LONGEST ? name : name.substring(0, LONGEST - 1) + "…";
  }

  private static String told(Mark mark) {
    return Double.isFinite(mark.low())
        ? String.format(
            Locale.ROOT,
            "%s %.4f, 95 %% %.3f to %.3f",
            mark.name(),
            mark.value(),
            mark.low(),
            mark.high())
        : String.format(Locale.ROOT, "%s %.4f", mark.name(), mark.value());
  }
}
