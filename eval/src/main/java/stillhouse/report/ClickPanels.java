package stillhouse.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.data.Tile;

/**
 * Panels of a {@link ContactSheet} that show an object and how it was asked about: a mask over the
 * image, the true edge as a white line, a dot a click (green for foreground, red for background)
 * and the box.
 */
public final class ClickPanels {
  private static final int SIDE = ContactSheet.PANEL;
  private static final double DOT = 9; // pixels of the panel
  private static final int FOREGROUND = 0x00c853;
  private static final int BACKGROUND = 0xff1744;
  private static final int EDGE = 0xffffff;
  private static final String NOTE =
      "of each image the largest object; clicks and boxes are made of the true labels";
  private static final double FILL = 0.5; // the image still shows through

  private final RgbImage image;
  private final ClassMask truth;
  private final Tile shown;
  private final double scale;

  /** A click in the image's pixels, at a pixel's middle. */
  public record Dot(int x, int y, boolean foreground) {}

  /**
   * @param truth of the image's size: the object is where it is 1
   * @param shown which part of the image is drawn
   */
  public ClickPanels(RgbImage image, ClassMask truth, Tile shown) {
    this.image = shown.cut(image);
    this.truth = shown.cut(truth);
    this.shown = shown;
    this.scale = (double) SIDE / Math.max(shown.width(), shown.height());
  }

  /**
   * A page of such panels.
   *
   * @param headers what each column shows
   * @param classNames foreground classes 1…K
   */
  public static byte[] sheet(
      List<String> headers, List<ContactSheet.Row> rows, List<String> classNames) {
    List<Overlay.Colour> legend = new ArrayList<>();
    for (int c = 1; c <= classNames.size(); c++) {
      legend.add(new Overlay.Colour(Palette.classColour(c), classNames.get(c - 1)));
    }
    legend.add(new Overlay.Colour(FOREGROUND, "a click: it belongs"));
    legend.add(new Overlay.Colour(BACKGROUND, "a click: it does not"));
    return ContactSheet.png(headers, rows, legend, NOTE + "; white: the true edge");
  }

  /** The image alone, with the object's edge. */
  public BufferedImage object() {
    return panel(new ClassMask(shown.width(), shown.height(), new byte[truth.classes().length]));
  }

  /**
   * @param mask of the whole image's size: the answer is where it is 1
   * @param classId whose colour it gets
   */
  public BufferedImage answer(ClassMask mask, int classId, List<Dot> dots, Optional<Tile> box) {
    byte[] coloured = shown.cut(mask).classes().clone();
    for (int i = 0; i < coloured.length; i++) {
      coloured[i] = coloured[i] == 1 ? (byte) classId : 0;
    }
    BufferedImage panel = panel(new ClassMask(shown.width(), shown.height(), coloured));
    Graphics2D g = panel.createGraphics();
    try {
      g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      box.ifPresent(b -> draw(g, b));
      dots.forEach(dot -> draw(g, dot));
    } finally {
      g.dispose();
    }
    return panel;
  }

  /** Each pixel of the panel is that of the image which it lies in. */
  private BufferedImage panel(ClassMask mask) {
    int width = (int) Math.max(1, Math.round(shown.width() * scale));
    int height = (int) Math.max(1, Math.round(shown.height() * scale));
    var panel = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int px = (int) Math.min(shown.width() - 1, x / scale);
        int py = (int) Math.min(shown.height() - 1, y / scale);
        panel.setRGB(x, y, isEdge(x, y, px, py) ? EDGE : colour(mask, px, py));
      }
    }
    return panel;
  }

  private int colour(ClassMask mask, int x, int y) {
    byte[] rgb = image.rgb();
    int at = 3 * (y * shown.width() + x);
    int base = (rgb[at] & 0xff) << 16 | (rgb[at + 1] & 0xff) << 8 | (rgb[at + 2] & 0xff);
    int label = mask.at(x, y);
    return label == 0 ? base : Palette.blend(base, Palette.classColour(label), FILL);
  }

  /** Of the panel's pixels the first of an object's pixel beside one that is not its. */
  private boolean isEdge(int x, int y, int px, int py) {
    int left = (int) Math.max(0, (x - 1) / scale);
    int above = (int) Math.max(0, (y - 1) / scale);
    boolean inside = truth.at(px, py) == 1;
    return inside != (truth.at(Math.min(left, px), py) == 1)
        || inside != (truth.at(px, Math.min(above, py)) == 1);
  }

  private void draw(Graphics2D g, Tile box) {
    g.setColor(new Color(FOREGROUND));
    g.setStroke(new BasicStroke(2));
    g.draw(
        new Rectangle2D.Double(
            (box.x() - shown.x()) * scale,
            (box.y() - shown.y()) * scale,
            box.width() * scale,
            box.height() * scale));
  }

  private void draw(Graphics2D g, Dot dot) {
    double x = (dot.x() + 0.5 - shown.x()) * scale;
    double y = (dot.y() + 0.5 - shown.y()) * scale;
    var circle = new Ellipse2D.Double(x - DOT / 2, y - DOT / 2, DOT, DOT);
    g.setColor(new Color(dot.foreground() ? FOREGROUND : BACKGROUND));
    g.fill(circle);
    g.setColor(Color.BLACK);
    g.setStroke(new BasicStroke(1));
    g.draw(circle);
  }
}
