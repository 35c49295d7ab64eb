package stillhouse.htmlreport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;

/**
 * Writes what was found as one HTML page: its styles, pictures and lines of script are in it, and
 * its policy lets a browser fetch nothing.
 */
public final class HtmlReport {
  private HtmlReport() {}

  /** Writes the page; a writer that is stopped leaves the old one or the new. */
  public static void write(Findings findings, Path file) {
    try {
      Path folder = Files.createDirectories(file.toAbsolutePath().getParent());
      Path part = folder.resolve(file.getFileName() + ".part");
      try {
        Files.writeString(part, text(findings), StandardCharsets.UTF_8);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  static String text(Findings findings) {
    return Templates.fill(page(findings));
  }

  private static Page page(Findings f) {
    return new Page(
        "Evaluation of " + f.dataset(),
        "What the models of this workspace are worth on split "
            + f.split()
            + ", measured on the files that ship.",
        List.of(
            new Facts.Fact("data set", f.dataset()),
            new Facts.Fact("split", f.split()),
            new Facts.Fact("images", images(f)),
            new Facts.Fact("classes", String.join(", ", f.classes())),
            new Facts.Fact("workspace", f.workspace()),
            new Facts.Fact("made", f.made())),
        List.of(
            ScoreSection.of(f),
            ClassSection.of(f),
            VariantSection.of(f),
            ConfusionSection.of(f),
            PartSection.of(f),
            OverlaySection.of(f),
            TrainingSection.of(f),
            StructureSection.of(f),
            CascadeSection.of(f),
            LatencySection.of(f),
            PromotionSection.of(f),
            CacheSection.of(f)));
  }

  private static String images(Findings f) {
    return f.images() == 0
        ? "not the same for all models"
        : String.format(Locale.ROOT, "%,d", f.images());
  }
}
