package stillhouse.htmlreport;

import java.util.List;

/** What SARD's weights look at. */
final class StructureSection {
  private StructureSection() {}

  static Section of(Findings f) {
    Block shown =
        f.structure()
            .<Block>map(sheet -> new Gallery(Pictures.strips(sheet), List.of()))
            .orElseGet(
                () ->
                    f.commands().teacher().isEmpty()
                        ? new Note(
                            "No teacher was named. This shows the maps of one that was cached:",
                            f.commands().of("report … --teacher NAME"))
                        : new Note(
                            "The cache has no structure maps of these images. This makes them:",
                            f.commands()
                                .of(
                                    "cache %s %s %s"
                                        .formatted(
                                            f.commands().data(),
                                            f.commands().root(),
                                            f.commands().teacher()))));
    return new Section(
        "structure",
        "Structure maps",
        "Of the teacher's features, as cached: E is high along edges, C where edges of several directions meet, D where"
            + " much lies close together; W = S / Σ S of S = 2 E + C + D, each divided by its mean, is what a position weighs."
            + " Colours span each map's own range, of its square root.",
        List.of(shown));
  }
}
