package stillhouse.htmlreport;

import java.util.List;

/**
 * Pictures in strips, with what their colours mean.
 *
 * @param strips one a row
 */
record Gallery(List<Strip> strips, List<Swatch> legend) implements Block {
  /** Pictures of one image side by side. */
  record Strip(String caption, List<Picture> pictures) {
    Strip {
      pictures = List.copyOf(pictures);
    }
  }

  /**
   * @param label what it is
   * @param alt the same for those who can't see it, with what it is of
   * @param source a data URI
   */
  record Picture(String label, String alt, String source, int width, int height) {}

  /**
   * @param colour {@code #rrggbb}
   */
  record Swatch(String colour, String text) {}

  Gallery {
    strips = List.copyOf(strips);
    legend = List.copyOf(legend);
  }
}
