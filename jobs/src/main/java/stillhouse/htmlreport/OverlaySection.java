package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;

/** The images that each run is worst and best at. */
final class OverlaySection {
  private OverlaySection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>();
    for (Sheet sheet : f.overlays()) {
      blocks.add(new Heading(sheet.title()));
      blocks.add(new Gallery(Pictures.strips(sheet), Pictures.legend(f.classes())));
    }
    long runs = f.models().stream().filter(m -> m.precision().equals(Model.WHOLE)).count();
    if (runs > f.overlays().size() && !f.overlays().isEmpty()) {
      blocks.add(
          new Note(
              "Of %d runs these %d are shown, the best by boundary IoU. This shows another:"
                  .formatted(runs, f.overlays().size()),
              f.commands().of("report … --run NAME")));
    }
    if (f.overlays().isEmpty()) {
      blocks.add(new Note("No student's image has a class to score: there is nothing to show."));
    }
    return new Section(
        "overlays",
        "Worst and best images",
        "By the image's own boundary IoU, the mean over the classes that it has. Errors are solid inside one boundary"
            + " band only, where they cost boundary IoU, and pale elsewhere.",
        blocks);
  }
}
