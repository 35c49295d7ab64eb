package stillhouse.htmlreport;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import stillhouse.htmlreport.Table.Cell;
import stillhouse.metrics.Metric;

/** Numbers as the page's tables have them. */
final class Figures {
  static final List<Metric> METRICS = List.of(Metric.values());

  private Figures() {}

  static String name(Metric metric) {
    return switch (metric) {
      case IOU -> "IoU";
      case BOUNDARY_IOU -> "boundary IoU";
      case DICE -> "Dice";
    };
  }

  /** A mean with its interval, where the model's score has one. */
  static Cell withInterval(Model model, String key) {
    Cell cell = Cell.metric(model.metric(key));
    OptionalDouble low = model.metric(key + "_95_low");
    OptionalDouble high = model.metric(key + "_95_high");
    return low.isPresent() && high.isPresent() ? cell.with(interval(low, high)) : cell;
  }

  private static String interval(OptionalDouble low, OptionalDouble high) {
    return interval(low.getAsDouble(), high.getAsDouble());
  }

  static String interval(double low, double high) {
    return String.format(Locale.ROOT, "%.3f to %.3f", low, high);
  }

  static Cell count(OptionalLong value) {
    return value.isPresent() ? Cell.count(value.getAsLong()) : Cell.none();
  }

  static Cell millis(OptionalDouble value) {
    return value.isPresent() ? Cell.number(value.getAsDouble(), "%.2f") : Cell.none();
  }

  /** In the largest unit of which there is one at least. */
  static Cell bytes(long bytes) {
    return new Cell(size(bytes), "", String.valueOf(bytes), "");
  }

  static Cell bytes(OptionalLong bytes) {
    return bytes.isPresent() ? bytes(bytes.getAsLong()) : Cell.none();
  }

  static String size(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    int unit = 0;
    double value = bytes;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.2f %s", value, units[unit]);
  }

  static String brief(String digest) {
    return digest.length() > 12 ? digest.substring(0, 12) + "…" : digest;
  }
}
