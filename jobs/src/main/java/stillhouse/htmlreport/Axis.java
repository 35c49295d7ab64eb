package stillhouse.htmlreport;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import stillhouse.report.RoundTicks;

/**
 * Values to places, with ticks at round numbers: 1, 2 or 5 times a power of ten apart.
 *
 * @param from the place of {@code low}
 * @param to the place of {@code high}
 */
record Axis(double low, double high, double step, double from, double to) {
  private static final int TICKS = 5; // steps between them at most
  private static final double ROOM = 0.05; // so that no mark lies on the edge

  /**
   * @param values those that are not finite are left out
   */
  static Axis of(DoubleStream values, double from, double to) {
    var range = values.filter(Double::isFinite).summaryStatistics();
    double low = range.getCount() == 0 ? 0 : range.getMin();
    double high = range.getCount() == 0 ? 1 : range.getMax();
    double extent = Math.max(high - low, Math.max(1e-9, 1e-3 * Math.abs(high)));
    double step = RoundTicks.over(extent, TICKS).step();
    return new Axis(low - ROOM * extent, high + ROOM * extent, step, from, to);
  }

  String at(double value) {
    return String.format(Locale.ROOT, "%.1f", from + (to - from) * (value - low) / (high - low));
  }

  List<Chart.Tick> ticks() {
    return new RoundTicks(step)
        .between(low, high)
        .mapToObj(value -> new Chart.Tick(at(value), label(value)))
        .toList();
  }

  private String label(double value) {
    int digits = new RoundTicks(step).digits();
    boolean far = step >= 1e5 || digits > 4;
    return String.format(Locale.ROOT, far ? "%.1e" : "%,." + digits + "f", value);
  }
}
