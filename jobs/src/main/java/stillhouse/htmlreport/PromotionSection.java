package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import stillhouse.cache.Promotion;
import stillhouse.htmlreport.Table.Cell;

/** Which run is whose champion, and by what figures it was let pass. */
final class PromotionSection {
  private PromotionSection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>();
    if (f.champions().isEmpty()) {
      blocks.add(
          new Note(
              "Nothing was promoted from this workspace yet. This makes a run the champion, unless it fails a check:",
              f.commands().of("promote " + f.commands().root() + " --run NAME")));
    } else {
      blocks.add(table(f));
    }
    return new Section(
        "promotions",
        "Champions",
        "By the workspace's table of promotions, which decides; the alias in MLflow's registry follows it.",
        blocks);
  }

  private static Table table(Findings f) {
    var table =
        Table.of(
            "The champion of each registered model",
            "model",
            "run",
            "version",
            "generation",
            "split",
            "at",
            "ONNX SHA-256",
            "figures");
    for (Promotion p : f.champions()) {
      table.row(
          p.model(),
          Cell.text(p.name()),
          Cell.text(p.version())
              .with(p.previousVersion().isEmpty() ? "the first" : "after " + p.previousVersion()),
          Cell.count(p.generation()),
          Cell.text(p.split()),
          Cell.text(p.at().toInstant().toString()),
          Cell.text(Figures.brief(p.onnxSha256())),
          Cell.text(figures(p.figures())));
    }
    return table.build();
  }

  private static String figures(Map<String, Double> figures) {
    return figures.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(e -> String.format(Locale.ROOT, "%s %.4f", e.getKey(), e.getValue()))
        .reduce((a, b) -> a + "; " + b)
        .orElse("");
  }
}
