package stillhouse.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;

/** Rows of panels on one page: a header a column, a caption a row, a legend at the foot. */
public final class ContactSheet {
  static final int PANEL = 220; // pixels that a panel's longer side may take
  private static final int GAP = 8;
  private static final int LINE = 18;
  private static final int SWATCH = 11;
  private static final String ERRORS =
      "errors: solid inside one boundary band only (costs boundary IoU), pale elsewhere";
  private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);

  private ContactSheet() {}

  /**
   * @param caption a line above the row; empty for none
   * @param panels of one size within a row
   */
  public record Row(String caption, List<BufferedImage> panels) {
    public Row {
      panels = List.copyOf(panels);
      if (panels.isEmpty()) {
        throw new IllegalArgumentException("Cannot draw row '" + caption + "': it has no panels");
      }
    }
  }

  /**
   * @param headers what each column shows
   * @param classNames foreground classes 1…K for the legend; empty for none
   */
  public static byte[] png(List<String> headers, List<Row> rows, List<String> classNames) {
    return Png.of(draw(headers, rows, classNames));
  }

  /**
   * @param legend what the panels' colours say
   * @param note a line beneath it
   */
  static byte[] png(
      List<String> headers, List<Row> rows, List<Overlay.Colour> legend, String note) {
    return Png.of(draw(headers, rows, legend, note));
  }

  static BufferedImage draw(List<String> headers, List<Row> rows, List<String> classNames) {
    return draw(headers, rows, Overlay.legend(classNames), ERRORS);
  }

  private static BufferedImage draw(
      List<String> headers, List<Row> rows, List<Overlay.Colour> entries, String note) {
    for (Row row : rows) {
      if (row.panels().size() != headers.size()) {
        throw new IllegalArgumentException(
            "Cannot draw row '%s': %d panels under %d headers %s"
                .formatted(row.caption(), row.panels().size(), headers.size(), headers));
      }
    }
    int width = GAP + headers.size() * (PANEL + GAP);
    int height = GAP + LINE + rows.stream().mapToInt(ContactSheet::height).sum();
    var legend = new Legend(entries, note, width);
    var page = new BufferedImage(width, height + legend.height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D g = page.createGraphics();
    try {
      prepare(g, page);
      drawRows(g, headers, rows);
      legend.draw(g, height);
    } finally {
      g.dispose();
    }
    return page;
  }

  private static void prepare(Graphics2D g, BufferedImage page) {
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, page.getWidth(), page.getHeight());
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setFont(FONT);
    g.setColor(Color.BLACK);
  }

  private static void drawRows(Graphics2D g, List<String> headers, List<Row> rows) {
    for (int i = 0; i < headers.size(); i++) {
      text(g, headers.get(i), column(i), GAP, PANEL);
    }
    int y = GAP + LINE;
    for (Row row : rows) {
      if (!row.caption().isEmpty()) {
        text(g, row.caption(), GAP, y, headers.size() * (PANEL + GAP) - GAP);
      }
      int top = y + captionHeight(row);
      for (int i = 0; i < row.panels().size(); i++) {
        BufferedImage panel = row.panels().get(i);
        double scale = scale(panel);
        g.setRenderingHint(
            RenderingHints.KEY_INTERPOLATION,
            scale < 1
                ? RenderingHints.VALUE_INTERPOLATION_BILINEAR
                : RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
        g.drawImage(
            panel,
            column(i),
            top,
            (int) Math.round(panel.getWidth() * scale),
            (int) Math.round(panel.getHeight() * scale),
            null);
      }
      y += height(row);
    }
  }

  private static int column(int i) {
    return GAP + i * (PANEL + GAP);
  }

  /** Small panels grow by whole factors only, so that their pixels stay equal squares. */
  private static double scale(BufferedImage panel) {
    double fit = (double) PANEL / Math.max(panel.getWidth(), panel.getHeight());
    return fit >= 1 ? Math.floor(fit) : fit;
  }

  private static int captionHeight(Row row) {
    return row.caption().isEmpty() ? 0 : LINE;
  }

  private static int height(Row row) {
    BufferedImage panel = row.panels().get(0);
    return captionHeight(row) + (int) Math.round(panel.getHeight() * scale(panel)) + GAP;
  }

  /** Writes into a line whose top is {@code y}, cut to the width with an ellipsis. */
  private static void text(Graphics2D g, String text, int x, int y, int width) {
    FontMetrics metrics = g.getFontMetrics();
    String shown = text;
    while (metrics.stringWidth(shown) > width && shown.length() > 1) {
      shown = shown.substring(0, shown.length() - 2) + "…";
    }
    g.drawString(shown, x, y + metrics.getAscent());
  }

  /** Coloured swatches with what they mean, wrapped to the page. */
  private static final class Legend {
    private static final int ENTRY = 170; // pixels an entry takes

    private final List<Overlay.Colour> entries;
    private final String note;
    private final int columns;

    Legend(List<Overlay.Colour> entries, String note, int width) {
      this.entries = entries;
      this.note = note;
      columns = Math.max(1, (width - GAP) / ENTRY);
    }

    int height() {
      return GAP + LINE * ((entries.size() + columns - 1) / columns + 1);
    }

    void draw(Graphics2D g, int top) {
      for (int i = 0; i < entries.size(); i++) {
        int x = GAP + i % columns * ENTRY;
        int y = top + i / columns * LINE;
        g.setColor(new Color(entries.get(i).rgb()));
        g.fillRect(x, y + 2, SWATCH, SWATCH);
        g.setColor(Color.BLACK);
        text(g, entries.get(i).text(), x + SWATCH + 5, y, ENTRY - SWATCH - GAP);
      }
      int foot = top + LINE * ((entries.size() + columns - 1) / columns);
      text(g, note, GAP, foot, columns * ENTRY);
    }
  }
}
