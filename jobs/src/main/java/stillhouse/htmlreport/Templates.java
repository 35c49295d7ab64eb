package stillhouse.htmlreport;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Fills the page's template. Whatever is not a template is escaped: no template has an unescaped
 * place, and one that names what is not there fails.
 */
final class Templates {
  private static final String FOLDER = "/stillhouse/htmlreport/";

  private Templates() {}

  /** A block, in the list of its kind. */
  private record Shown(
      List<Chart> chart,
      List<Facts> facts,
      List<Gallery> gallery,
      List<Heading> heading,
      List<Note> note,
      List<Table> table) {
    static Shown of(Block block) {
      return new Shown(
          only(block, Chart.class),
          only(block, Facts.class),
          only(block, Gallery.class),
          only(block, Heading.class),
          only(block, Note.class),
          only(block, Table.class));
    }

    private static <T extends Block> List<T> only(Block block, Class<T> kind) {
      return kind.isInstance(block) ? List.of(kind.cast(block)) : List.of();
    }
  }

  private record ShownSection(String id, String title, String intro, List<Shown> blocks) {
    static ShownSection of(Section section) {
      return new ShownSection(
          section.id(),
          section.title(),
          section.intro(),
          section.blocks().stream().map(Shown::of).toList());
    }
  }

  private record ShownPage(
      String title, String subtitle, List<Facts.Fact> overview, List<ShownSection> sections) {}

  static String fill(Page page) {
    return compiled("page")
        .execute(
            new ShownPage(
                page.title(),
                page.subtitle(),
                page.facts(),
                page.sections().stream().map(ShownSection::of).toList()));
  }

  private static Template compiled(String name) {
    Mustache.Compiler compiler =
        Mustache.compiler()
            .strictSections(true)
            .emptyStringIsFalse(true)
            .withLoader(Templates::open);
    try (Reader template = open(name)) {
      return compiler.compile(template);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the report's template " + name, e);
    }
  }

  private static Reader open(String name) {
    InputStream in = Templates.class.getResourceAsStream(FOLDER + name + ".mustache");
    if (in == null) {
      throw new IllegalStateException("No template " + FOLDER + name + ".mustache in the jar");
    }
    return new InputStreamReader(in, StandardCharsets.UTF_8);
  }
}
