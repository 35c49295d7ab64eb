package stillhouse.htmlreport;

import java.util.List;

/**
 * A chapter of the page.
 *
 * @param id its anchor
 * @param intro what one sees and how to read it; empty for nothing
 */
record Section(String id, String title, String intro, List<Block> blocks) {
  Section {
    blocks = List.copyOf(blocks);
  }
}
