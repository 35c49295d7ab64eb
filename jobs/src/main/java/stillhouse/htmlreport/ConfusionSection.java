package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import stillhouse.htmlreport.Table.Cell;
import stillhouse.metrics.Confusion;

/** What each model takes the pixels of each class for. */
final class ConfusionSection {
  private static final int MOST_CLASSES = 40; // more columns than that can not be read

  private ConfusionSection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>();
    List<String> uncounted = new ArrayList<>();
    for (Model model : f.models()) {
      model
          .confusion()
          .ifPresentOrElse(
              found ->
                  blocks.add(
                      f.classes().size() > MOST_CLASSES
                          ? worst(f, model, found)
                          : matrix(f, model, found)),
              () -> uncounted.add(model.name()));
    }
    if (!uncounted.isEmpty()) {
      blocks.add(
          new Note(
              "The per-image tables of these are of before confusions were counted: %s. This scores them again:"
                  .formatted(String.join(", ", uncounted)),
              f.commands().evaluate(" --force")));
    }
    return new Section(
        "confusion",
        "Confusion",
        "Rows are the true classes, columns what their pixels are taken for, as shares of a row; pixels below."
            + " Ignored pixels count nowhere.",
        blocks);
  }

  private static List<String> names(Findings f) {
    List<String> names = new ArrayList<>(List.of("background"));
    names.addAll(f.classes());
    return names;
  }

  private static Table matrix(Findings f, Model model, Confusion found) {
    List<String> names = names(f);
    List<String> headers = new ArrayList<>(List.of("true class"));
    headers.addAll(names);
    headers.add("pixels");
    var table = new Table.Builder(model.name(), headers);
    for (int actual = 0; actual < names.size(); actual++) {
      List<Cell> cells = new ArrayList<>();
      for (int predicted = 0; predicted < names.size(); predicted++) {
        cells.add(cell(found, actual, predicted));
      }
      cells.add(Cell.count(found.actual(actual)));
      table.row(names.get(actual), cells);
    }
    return table.build();
  }

  private static Cell cell(Confusion found, int actual, int predicted) {
    var share = found.share(actual, predicted);
    long pixels = found.pixels(actual, predicted);
    return share.isEmpty()
        ? Cell.none()
        : Cell.number(100 * share.getAsDouble(), "%.1f %%")
            .shaded(share.getAsDouble())
            .with(Cell.count(pixels).text());
  }

  private record Taken(int actual, int predicted, long pixels) {}

  private static Table worst(Findings f, Model model, Confusion found) {
    List<String> names = names(f);
    List<Taken> wrong = new ArrayList<>();
    for (int actual = 0; actual < names.size(); actual++) {
      for (int predicted = 0; predicted < names.size(); predicted++) {
        if (actual != predicted && found.pixels(actual, predicted) > 0) {
          wrong.add(new Taken(actual, predicted, found.pixels(actual, predicted)));
        }
      }
    }
    wrong.sort((a, b) -> Long.compare(b.pixels(), a.pixels()));
    var table =
        Table.of(
            model.name() + ": the " + MOST_CLASSES + " most frequent mistakes",
            "true class",
            "taken for",
            "pixels",
            "share of the true class");
    for (Taken t : wrong.subList(0, Math.min(MOST_CLASSES, wrong.size()))) {
      double share = found.share(t.actual(), t.predicted()).orElse(0);
      table.row(
          names.get(t.actual()),
          Cell.text(names.get(t.predicted())),
          Cell.count(t.pixels()),
          Cell.number(100 * share, "%.1f %%").shaded(share));
    }
    return table.build();
  }
}
