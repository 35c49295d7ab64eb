package stillhouse.htmlreport;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import stillhouse.report.ContactSheet;
import stillhouse.report.Overlay;
import stillhouse.report.Png;

/** Panels as pictures of the page. */
final class Pictures {
  private static final int LONGEST = 256; // pixels of a panel's longer side: what a page shows

  private Pictures() {}

  static List<Gallery.Strip> strips(Sheet sheet) {
    return sheet.rows().stream().map(row -> strip(sheet, row)).toList();
  }

  /** Colours of classes and errors. */
  static List<Gallery.Swatch> legend(List<String> classes) {
    return Overlay.legend(classes).stream()
        .map(c -> new Gallery.Swatch(String.format(Locale.ROOT, "#%06x", c.rgb()), c.text()))
        .toList();
  }

  private static Gallery.Strip strip(Sheet sheet, ContactSheet.Row row) {
    List<Gallery.Picture> pictures = new ArrayList<>();
    for (int i = 0; i < row.panels().size(); i++) {
      BufferedImage panel = fit(row.panels().get(i));
      String label = sheet.headers().get(i);
      pictures.add(
          new Gallery.Picture(
              label,
              label + " of " + row.caption(),
              source(panel),
              panel.getWidth(),
              panel.getHeight()));
    }
    return new Gallery.Strip(row.caption(), pictures);
  }

  /** As PNG, or as JPEG where that takes less: photographs do, flat maps don't. */
  private static String source(BufferedImage panel) {
    byte[] png = Png.of(panel);
    byte[] jpeg = Jpeg.of(panel);
    boolean flat = png.length <= jpeg.length;
    return "data:image/%s;base64,%s"
        .formatted(flat ? "png" : "jpeg", Base64.getEncoder().encodeToString(flat ? png : jpeg));
  }

  private static BufferedImage fit(BufferedImage panel) {
    int longer = Math.max(panel.getWidth(), panel.getHeight());
    if (longer <= LONGEST) {
      return panel;
    }
    int width = Math.max(1, panel.getWidth() * LONGEST / longer);
    int height = Math.max(1, panel.getHeight() * LONGEST / longer);
    var small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = small.createGraphics();
    try {
      g.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      g.drawImage(panel, 0, 0, width, height, null);
    } finally {
      g.dispose();
    }
    return small;
  }
}
