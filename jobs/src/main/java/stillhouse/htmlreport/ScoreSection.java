package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import stillhouse.htmlreport.Table.Cell;
import stillhouse.metrics.Metric;

/** The teacher, the students and other tools' masks side by side. */
final class ScoreSection {
  private ScoreSection() {}

  static Section of(Findings f) {
    List<Model> models = f.models().stream().filter(m -> !m.isVariant()).toList();
    List<Block> blocks = new ArrayList<>();
    blocks.add(table(models));
    for (Metric metric : List.of(Metric.IOU, Metric.BOUNDARY_IOU)) {
      blocks.add(chart(models, metric));
    }
    for (Model model : models) {
      model.remarks().forEach(remark -> blocks.add(new Note(model.name() + ": " + remark)));
    }
    f.remarks().forEach(remark -> blocks.add(new Note(remark)));
    if (f.models().stream().noneMatch(m -> m.kind().equals("teacher"))) {
      blocks.add(
          new Note(
              "No teacher was scored on this split. This scores its cached answers:",
              f.commands().evaluate("")));
    }
    return new Section(
        "scores",
        "Scores",
        "Means over classes of the summed pixel counts (of IoU: mIoU), masks compared at the images' own size."
            + " Below each: 95 % over draws of image groups, which say nothing of other seeds; of few groups (under 20) they are too narrow.",
        blocks);
  }

  private static Table table(List<Model> models) {
    boolean instances = models.stream().anyMatch(m -> m.metric("boundary_ap").isPresent());
    List<String> headers =
        new ArrayList<>(List.of("model", "kind", "mIoU", "boundary IoU", "Dice"));
    if (instances) {
      headers.addAll(List.of("mask AP", "boundary AP"));
    }
    headers.addAll(List.of("parameters", "bytes", "ms/image"));
    var table = new Table.Builder("Every model of this report", headers);
    for (Model model : models) {
      List<Cell> cells = new ArrayList<>(List.of(Cell.text(model.kind())));
      Figures.METRICS.forEach(metric -> cells.add(Figures.withInterval(model, metric.key())));
      if (instances) {
        cells.add(Cell.metric(model.metric("mask_ap")));
        cells.add(Cell.metric(model.metric("boundary_ap")));
      }
      cells.add(Figures.count(model.parameters()));
      cells.add(Figures.bytes(model.bytes()));
      cells.add(Figures.millis(model.millis()));
      table.row(model.name(), model.trained(), cells);
    }
    return table.build();
  }

  private static Chart chart(List<Model> models, Metric metric) {
    List<IntervalChart.Mark> marks = new ArrayList<>();
    for (Model model : models) {
      OptionalDouble value = model.metric(metric.key());
      if (value.isPresent()) {
        marks.add(
            new IntervalChart.Mark(
                model.name(),
                value.getAsDouble(),
                model.metric(metric.key() + "_95_low").orElse(Double.NaN),
                model.metric(metric.key() + "_95_high").orElse(Double.NaN)));
      }
    }
    return IntervalChart.of(Figures.name(metric) + ", mean over classes", marks);
  }
}
