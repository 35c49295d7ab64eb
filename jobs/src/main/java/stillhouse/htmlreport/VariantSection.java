package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import stillhouse.canary.Check;
import stillhouse.htmlreport.Table.Cell;

/** A student's files of other precisions beside its FP32 file. */
final class VariantSection {
  private VariantSection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>();
    if (f.variants().isEmpty()) {
      blocks.add(
          new Note(
              "Only FP32 files were exported. These make and score others:",
              f.commands().of("export " + f.commands().root() + " --variants int8-cpu,int8,fp16")
                  + "\n"
                  + f.commands().evaluate("")));
    } else {
      blocks.add(table(f));
      f.models().stream()
          .filter(Model::isVariant)
          .forEach(m -> m.remarks().forEach(r -> blocks.add(new Note(m.name() + ": " + r))));
      canary(f, blocks);
    }
    return new Section(
        "variants",
        "Precisions",
        "What a file of another precision keeps, weighs and takes, as it was scored: its boundary IoU less FP32's, how far its"
            + " logits differ from FP32's as a share of their deviation, layers that stayed in float, bytes on disk. A file called"
            + " points is FP32, with the decoder that it asks by itself.",
        blocks);
  }

  /** Whether each file may take the place of its FP32 file, and by what. */
  private static void canary(Findings f, List<Block> blocks) {
    var table = Table.of("The canary of each file", "file", "check", "outcome", "found");
    for (PrecisionFile v : f.variants()) {
      for (Check check : v.canary()) {
        table.row(
            v.run() + "." + v.precision(),
            Cell.text(check.name()),
            Cell.text(check.passed() ? "passed" : "FAILED"),
            Cell.text(check.figures()));
      }
    }
    List<PrecisionFile> asked = f.variants().stream().filter(v -> !v.canary().isEmpty()).toList();
    if (asked.isEmpty()) {
      blocks.add(
          new Note(
              "No canary was asked of these files as they are. This asks it:",
              f.commands().evaluate(" --force")));
    } else {
      blocks.add(table.build());
      asked.stream()
          .map(PrecisionFile::terms)
          .distinct()
          .forEach(t -> blocks.add(new Note("Limits: " + t)));
    }
  }

  private static Table table(Findings f) {
    var table =
        Table.of(
            "Files of each run by precision",
            "file",
            "mIoU",
            "boundary IoU",
            "− FP32",
            "Dice",
            "logits differ",
            "in float",
            "bytes",
            "of FP32",
            "p50 ms");
    for (Model model : f.models()) {
      if (model.isVariant() || f.variants().stream().anyMatch(v -> v.run().equals(model.run()))) {
        table.row(model.name(), calibration(f, model), cells(f, model));
      }
    }
    f.variants().stream()
        .filter(v -> f.models().stream().noneMatch(m -> isOf(v, m)))
        .forEach(v -> table.row(v.run() + "." + v.precision(), "not scored", unscored(v)));
    return table.build();
  }

  private static boolean isOf(PrecisionFile variant, Model model) {
    return variant.run().equals(model.run()) && variant.precision().equals(model.precision());
  }

  private static String calibration(Findings f, Model model) {
    return f.variants().stream()
        .filter(v -> isOf(v, model) && !v.calibration().isEmpty())
        .map(v -> "calibrated by " + v.calibration())
        .findFirst()
        .orElse("");
  }

  private static List<Cell> cells(Findings f, Model model) {
    Optional<PrecisionFile> made = f.variants().stream().filter(v -> isOf(v, model)).findFirst();
    Optional<Model> whole =
        f.models().stream()
            .filter(m -> m.run().equals(model.run()) && m.precision().equals(Model.WHOLE))
            .findFirst();
    return List.of(
        Figures.withInterval(model, "iou"),
        Figures.withInterval(model, "boundary_iou"),
        difference(model, whole),
        Figures.withInterval(model, "dice"),
        made.map(v -> measured(v.difference())).orElseGet(Cell::none),
        made.map(VariantSection::inFloat).orElseGet(Cell::none),
        Figures.bytes(model.bytes()),
        share(model, whole),
        Figures.millis(model.millis()));
  }

  private static List<Cell> unscored(PrecisionFile v) {
    return List.of(
        Cell.none(),
        Cell.none(),
        Cell.none(),
        Cell.none(),
        measured(v.difference()),
        inFloat(v),
        Figures.bytes(v.bytes()),
        Cell.none(),
        Cell.none());
  }

  private static Cell inFloat(PrecisionFile v) {
    return Cell.count(v.inFloat().size()).with(String.join(", ", v.inFloat()));
  }

  private static Cell measured(OptionalDouble difference) {
    return difference.isPresent() ? Cell.number(difference.getAsDouble(), "%.4f") : Cell.none();
  }

  private static Cell difference(Model model, Optional<Model> whole) {
    OptionalDouble own = model.metric("boundary_iou");
    OptionalDouble of = whole.map(w -> w.metric("boundary_iou")).orElse(OptionalDouble.empty());
    return own.isPresent() && of.isPresent() && model.isVariant()
        ? Cell.number(own.getAsDouble() - of.getAsDouble(), "%+.4f")
        : Cell.none();
  }

  private static Cell share(Model model, Optional<Model> whole) {
    if (whole.isEmpty() || whole.get().bytes().isEmpty() || model.bytes().isEmpty()) {
      return Cell.none();
    }
    return Cell.number(
        (double) model.bytes().getAsLong() / whole.get().bytes().getAsLong(), "%.3f");
  }
}
