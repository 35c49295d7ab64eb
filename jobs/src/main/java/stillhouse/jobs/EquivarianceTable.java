package stillhouse.jobs;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import stillhouse.data.View;
import stillhouse.teacher.Equivariance.Figure;
import stillhouse.teacher.Equivariance.Measure;
import stillhouse.teacher.TeacherSpec;

/**
 * How equivariant a teacher was, over images.
 *
 * @param derivable the cosine from which on, in every map of 95 % of the images, a view's rows
 *     could be made from the image's own
 */
record EquivarianceTable(int images, double derivable, List<Line> lines) {
  private static final double TAIL = 0.05;

  /** One view and map. */
  record Line(View view, String map, Map<Measure, Spread> spreads) {}

  /**
   * @param worst what the worst 5 % of the images lie beyond: the 5 % quantile of what is better
   *     high, the 95 % quantile of an error; linearly interpolated
   */
  record Spread(double mean, double worst) {
    static Spread of(Measure measure, double[] values) {
      double[] sorted = values.clone();
      Arrays.sort(sorted);
      double share = measure == Measure.RELATIVE_ERROR ? 1 - TAIL : TAIL;
      double at = share * (sorted.length - 1);
      int below = (int) at;
      int above = Math.min(below + 1, sorted.length - 1);
      double worst = sorted[below] + (at - below) * (sorted[above] - sorted[below]);
      return new Spread(Arrays.stream(sorted).average().orElseThrow(), worst);
    }
  }

  /**
   * @param byImage the figures of each image
   */
  static EquivarianceTable of(List<List<Figure>> byImage, double derivable) {
    Map<View, Map<String, Map<Measure, double[]>>> values = new TreeMap<>();
    for (List<Figure> figures : byImage) {
      for (Figure figure : figures) {
        values
            .computeIfAbsent(figure.view(), v -> new LinkedHashMap<>())
            .computeIfAbsent(figure.map(), m -> new TreeMap<>())
            .merge(figure.measure(), new double[] {figure.value()}, EquivarianceTable::joined);
      }
    }
    return new EquivarianceTable(byImage.size(), derivable, lines(values));
  }

  private static double[] joined(double[] before, double[] one) {
    double[] all = Arrays.copyOf(before, before.length + 1);
    all[before.length] = one[0];
    return all;
  }

  private static List<Line> lines(Map<View, Map<String, Map<Measure, double[]>>> values) {
    return values.entrySet().stream()
        .flatMap(
            view ->
                view.getValue().entrySet().stream()
                    .map(map -> new Line(view.getKey(), map.getKey(), spreads(map.getValue()))))
        .toList();
  }

  private static Map<Measure, Spread> spreads(Map<Measure, double[]> values) {
    Map<Measure, Spread> spreads = new TreeMap<>();
    values.forEach((measure, all) -> spreads.put(measure, Spread.of(measure, all)));
    return spreads;
  }

  List<View> views() {
    return View.ordered(lines.stream().map(Line::view).toList());
  }

  /** The views whose rows could be made from the image's own. */
  List<View> derivableViews() {
    return views().stream()
        .filter(
            view ->
                lines.stream()
                    .filter(line -> line.view() == view)
                    .allMatch(line -> line.spreads().get(Measure.COSINE).worst() >= derivable))
        .toList();
  }

  String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        "What the teacher says of a view, against the view of what it says; %d images, mean and worst 5 %%%n"
            .formatted(images));
    text.append(
        "%-16s %-12s %8s %8s   %8s %8s   %8s %8s%n"
            .formatted("view", "map", "cosine", "5 %", "error", "95 %", "mask IoU", "5 %"));
    for (Line line : lines) {
      text.append(row(line)).append(System.lineSeparator());
    }
    return text.append(verdict()).toString();
  }

  private static String row(Line line) {
    StringBuilder row = new StringBuilder();
    row.append("%-16s %-12s".formatted(line.view().text(), line.map()));
    for (Measure measure : Measure.values()) {
      row.append(cells(line.spreads().get(measure)));
    }
    return row.toString().stripTrailing();
  }

  private static String cells(Spread spread) {
    return spread == null
        ? ""
        : String.format(Locale.ROOT, " %8.4f %8.4f  ", spread.mean(), spread.worst());
  }

  private String verdict() {
    List<View> derived = derivableViews();
    return "Derivable (cosine >= %s in 95 %% of the images, every map): %s"
        .formatted(derivable, derived.isEmpty() ? "none of " + views() : derived);
  }

  Map<String, Object> toMap(String dataset, TeacherSpec teacher) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("dataset", dataset);
    map.put("teacher", teacher.name());
    map.put("encoder", teacher.encoderDigest().hex());
    map.put("decoder", teacher.decoderDigest().hex());
    map.put("images", images);
    map.put("derivable_cosine", derivable);
    map.put("derivable", derivableViews().stream().map(View::text).toList());
    map.put("maps", lines.stream().map(EquivarianceTable::flat).toList());
    return map;
  }

  private static Map<String, Object> flat(Line line) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("view", line.view().text());
    map.put("map", line.map());
    line.spreads()
        .forEach(
            (measure, spread) -> {
              String name = measure.name().toLowerCase(Locale.ROOT);
              map.put(name, spread.mean());
              map.put(name + "_worst_5_percent", spread.worst());
            });
    return map;
  }
}
