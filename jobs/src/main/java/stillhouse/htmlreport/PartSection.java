package stillhouse.htmlreport;

import java.util.List;
import stillhouse.htmlreport.Table.Cell;
import stillhouse.metrics.Metric;

/** Scores on parts of the images. */
final class PartSection {
  private PartSection() {}

  static Section of(Findings f) {
    List<Block> tables =
        f.parts().stream().map(Part::by).distinct().<Block>map(by -> table(f, by)).toList();
    return new Section(
        "strata",
        "Parts of the images",
        "By how many pixels the truth labels in all (small: under 32², medium: under 96²), and by what it shows;"
            + " an image is in the part of each of its classes. Exact sums of the same counts.",
        tables);
  }

  private static Table table(Findings f, String by) {
    var table = Table.of("By " + by, "part", "model", "images", "mIoU", "boundary IoU", "Dice");
    List<String> names =
        f.parts().stream().filter(p -> p.by().equals(by)).map(Part::of).distinct().toList();
    for (Part part : byName(f, by, names)) {
      table.row(
          part.of(),
          Cell.text(part.model()),
          Cell.count(part.counts().images()),
          Cell.metric(part.counts().mean(Metric.IOU)),
          Cell.metric(part.counts().mean(Metric.BOUNDARY_IOU)),
          Cell.metric(part.counts().mean(Metric.DICE)));
    }
    return table.build();
  }

  /** The models of one part one below the other. */
  private static List<Part> byName(Findings f, String by, List<String> names) {
    return names.stream()
        .flatMap(name -> f.parts().stream().filter(p -> p.by().equals(by) && p.of().equals(name)))
        .toList();
  }
}
