package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** Curves over one quantity. */
final class LineChart {
  private static final int WIDTH = 460;
  private static final int HEIGHT = 270;
  private static final Chart.Box PLOT = new Chart.Box(58, 10, WIDTH - 12, HEIGHT - 40);
  private static final int COLOURS = 6;

  private LineChart() {}

  /**
   * One curve.
   *
   * @param marked where a dot is drawn
   * @param base whether it is what others are held against, and is drawn dashed
   */
  record Curve(String name, List<Point> points, List<Point> marked, boolean base) {
    Curve {
      points = points.stream().filter(LineChart::finite).toList();
      marked = List.copyOf(marked);
    }

    static Curve of(String name, List<Point> points) {
      return new Curve(name, points, List.of(), false);
    }
  }

  private static boolean finite(Point p) {
    return Double.isFinite(p.x()) && Double.isFinite(p.y());
  }

  static Chart of(String title, String across, List<Curve> curves) {
    Axis x = axis(curves.stream().flatMapToDouble(c -> xs(c)), PLOT.left(), PLOT.right());
    Axis y = axis(curves.stream().flatMapToDouble(c -> ys(c)), PLOT.bottom(), PLOT.top());
    List<Chart.Line> lines = new ArrayList<>();
    List<Chart.Dot> dots = new ArrayList<>();
    int colour = 0;
    for (Curve curve : curves) {
      String style = curve.base() ? "base" : "c" + colour++ % COLOURS;
      lines.add(new Chart.Line(curve.name(), places(curve.points(), x, y), style, true));
      curve.marked().forEach(p -> dots.add(new Chart.Dot(x.at(p.x()), y.at(p.y()), style)));
    }
    return new Chart(
        title,
        title + ": " + curves.stream().map(LineChart::told).collect(Collectors.joining("; ")),
        WIDTH,
        HEIGHT,
        PLOT,
        x.ticks(),
        y.ticks(),
        across,
        lines,
        dots,
        List.of(),
        List.of());
  }

  private static Axis axis(DoubleStream values, double from, double to) {
    return Axis.of(values, from, to);
  }

  private static DoubleStream xs(Curve curve) {
    return curve.points().stream().mapToDouble(Point::x);
  }

  private static DoubleStream ys(Curve curve) {
    return DoubleStream.concat(
        curve.points().stream().mapToDouble(Point::y),
        curve.marked().stream().mapToDouble(Point::y));
  }

  private static String places(List<Point> points, Axis x, Axis y) {
    return points.stream()
        .map(p -> x.at(p.x()) + "," + y.at(p.y()))
        .collect(Collectors.joining(" "));
  }

  /** For who can't see the curve: where it begins and ends. */
  private static String told(Curve curve) {
    if (curve.points().isEmpty()) {
      return curve.name() + " has no value";
    }
    Point first = curve.points().get(0);
    Point last = curve.points().get(curve.points().size() - 1);
    return String.format(
        Locale.ROOT,
        "%s from %.4g at %.4g to %.4g at %.4g",
        curve.name(),
        first.y(),
        first.x(),
        last.y(),
        last.x());
  }
}
