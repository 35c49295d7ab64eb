package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import stillhouse.htmlreport.Table.Cell;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Interval;

/** What each model is worth on each class. */
final class ClassSection {
  private ClassSection() {}

  static Section of(Findings f) {
    return new Section(
        "classes",
        "Classes",
        "Of the summed pixel counts of each class; a dash where neither truth nor prediction shows it.",
        Figures.METRICS.stream().<Block>map(metric -> table(f, metric)).toList());
  }

  private static Table table(Findings f, Metric metric) {
    List<String> headers = new ArrayList<>(List.of("model"));
    headers.addAll(f.classes());
    headers.add("any class");
    var table = new Table.Builder(Figures.name(metric) + " by class", headers);
    for (Model model : f.models()) {
      List<Cell> cells = new ArrayList<>();
      model.classes().get(metric).forEach(value -> cells.add(cell(value)));
      cells.add(Cell.metric(model.metric("foreground_" + metric.key())));
      table.row(model.name(), cells);
    }
    return table.build();
  }

  private static Cell cell(Optional<Interval> found) {
    return found
        .map(
            i ->
                Cell.number(i.observed(), "%.4f")
                    .shaded(i.observed())
                    .with(Figures.interval(i.low(), i.high())))
        .orElseGet(Cell::none);
  }
}
