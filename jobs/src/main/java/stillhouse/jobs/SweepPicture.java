package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Difference;
import stillhouse.report.IntervalPlot;
import stillhouse.report.IntervalPlot.Mark;
import stillhouse.report.IntervalPlot.Range;

/** A sweep's table as a picture: each metric, and beside it what it differs from the baseline. */
final class SweepPicture {
  private SweepPicture() {}

  static byte[] png(SweepTable table) {
    List<IntervalPlot.Panel> panels = new ArrayList<>();
    for (Metric metric : table.config().metrics()) {
      panels.add(values(table, metric));
      panels.add(differences(table, metric));
    }
    return IntervalPlot.png(
        table.config().name(),
        table.rows().stream().map(table::title).toList(),
        panels,
        List.of(
            "dots: a seed each, large: their mean",
            "thick: 95 % over images, of the mean over seeds",
            "thin: 95 % over seeds, from three on"));
  }

  private static IntervalPlot.Panel values(SweepTable table, Metric metric) {
    return new IntervalPlot.Panel(
        SweepText.called(metric),
        false,
        table.rows().stream().map(row -> value(row, metric)).toList());
  }

  private static Optional<Mark> value(SweepTable.Row row, Metric metric) {
    return row.spread(metric)
        .map(
            spread ->
                new Mark(
                    row.done().stream()
                        .map(d -> d.score().metrics().get(metric.key()))
                        .filter(Objects::nonNull)
                        .toList(),
                    spread.mean(),
                    Optional.empty(),
                    range(spread)));
  }

  private static IntervalPlot.Panel differences(SweepTable table, Metric metric) {
    return new IntervalPlot.Panel(
        SweepText.called(metric) + " − " + table.config().baseline(),
        true,
        table.rows().stream().map(row -> row.versus().map(v -> mark(v, metric))).toList());
  }

  private static Mark mark(SweepTable.Versus versus, Metric metric) {
    Difference images = versus.images().get(metric);
    return new Mark(
        versus.comparison().seeds().stream()
            .map(s -> s.differences().get(metric).observed())
            .toList(),
        images.observed(),
        Optional.of(new Range(images.low(), images.high())),
        range(versus.comparison().spread(metric)));
  }

  private static Optional<Range> range(SeedSpread spread) {
    OptionalDouble margin = spread.margin();
    return margin.isPresent()
        ? Optional.of(
            new Range(spread.mean() - margin.getAsDouble(), spread.mean() + margin.getAsDouble()))
        : Optional.empty();
  }
}
