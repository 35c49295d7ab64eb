package stillhouse.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** Curves: panels in rows of two, each with axes of its own. */
public final class CurvePlot {
  private static final int PANEL = 360; // pixels of an axis, both ways
  private static final int LEFT = 62;
  private static final int HEAD = 40; // of the page
  private static final int TITLE = 24; // above a panel
  private static final int BOTTOM = 44; // below it
  private static final int ROW = TITLE + PANEL + BOTTOM;
  private static final int GAP = 18;
  private static final int COLUMNS = 2;
  private static final int LINE = 18;
  private static final int TICKS = 5;
  private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
  private static final Color GRID = new Color(0xdddddd);
  private static final Color[] COLOURS = { // told apart by the colour-blind, too (Okabe and Ito)
    new Color(0x0072b2), new Color(0xd55e00), new Color(0x009e73), new Color(0xcc79a7)
  };

  private CurvePlot() {}

  /** A place of a curve, in the curve's own units. */
  public record Point(double x, double y) {}

  /**
   * @param points in the order of x
   * @param marked where a dot is drawn
   */
  public record Curve(String name, List<Point> points, List<Point> marked) {
    public Curve {
      points = List.copyOf(points);
      marked = List.copyOf(marked);
    }
  }

  /**
   * @param across what x is
   * @param base a dashed line beside the curves
   * @param curves of the same names in every panel
   */
  public record Panel(String title, String across, List<Point> base, List<Curve> curves) {
    public Panel {
      base = List.copyOf(base);
      curves = List.copyOf(curves);
    }
  }

  /**
   * @param foot what the marks mean, a line each
   */
  public static byte[] png(String title, List<Panel> panels, List<String> foot) {
    return Png.of(draw(title, panels, foot));
  }

  static BufferedImage draw(String title, List<Panel> panels, List<String> foot) {
    List<Curve> named = panels.get(0).curves();
    int width = Math.min(COLUMNS, panels.size()) * (LEFT + PANEL + GAP);
    int plots = (panels.size() + COLUMNS - 1) / COLUMNS * ROW;
    int lines = named.size() + foot.size();
    var page =
        new BufferedImage(width, HEAD + plots + LINE * lines + GAP, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = page.createGraphics();
    try {
      prepare(g, page);
      g.setFont(FONT.deriveFont(Font.BOLD));
      g.drawString(title, GAP, 24);
      g.setFont(FONT);
      for (int p = 0; p < panels.size(); p++) {
        int left = p % COLUMNS * (LEFT + PANEL + GAP) + LEFT;
        panel(g, panels.get(p), left, HEAD + p / COLUMNS * ROW + TITLE);
      }
      int y = HEAD + plots + LINE;
      for (int i = 0; i < named.size(); i++, y += LINE) {
        g.setColor(COLOURS[i % COLOURS.length]);
        g.fillRect(GAP, y - 6, 24, 3);
        g.setColor(Color.BLACK);
        g.drawString(named.get(i).name(), GAP + 34, y);
      }
      for (String line : foot) {
        g.drawString(line, GAP, y);
        y += LINE;
      }
    } finally {
      g.dispose();
    }
    return page;
  }

  private static void prepare(Graphics2D g, BufferedImage page) {
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, page.getWidth(), page.getHeight());
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setColor(Color.BLACK);
  }

  private static void panel(Graphics2D g, Panel panel, int left, int top) {
    Scale scale = Scale.of(panel, left, top);
    g.setColor(Color.BLACK);
    g.drawString(panel.title(), left, top - 10);
    FontMetrics metrics = g.getFontMetrics();
    RoundTicks across = RoundTicks.over(scale.x.extent(), TICKS);
    for (double x : across.between(scale.x.low - 1e-9, scale.x.high + 1e-9).toArray()) {
      g.setColor(GRID);
      line(g, List.of(new Point(x, scale.y.low), new Point(x, scale.y.high)), scale, 1, false);
      g.setColor(Color.BLACK);
      String below = String.format(Locale.ROOT, "%." + across.digits() + "f", x);
      g.drawString(
          below,
          (float) (scale.x(x) - metrics.stringWidth(below) / 2.0),
          top + PANEL + metrics.getAscent() + 3);
    }
    RoundTicks up = RoundTicks.over(scale.y.extent(), TICKS);
    for (double y : up.between(scale.y.low, scale.y.high).toArray()) {
      g.setColor(GRID);
      line(g, List.of(new Point(scale.x.low, y), new Point(scale.x.high, y)), scale, 1, false);
      g.setColor(Color.BLACK);
      String beside = String.format(Locale.ROOT, "%." + up.digits() + "f", y);
      g.drawString(
          beside,
          (float) (left - 6 - metrics.stringWidth(beside)),
          (float) (scale.y(y) + metrics.getAscent() / 2.0 - 1));
    }
    g.drawString(panel.across(), left, top + PANEL + BOTTOM - 8);
    curves(g, panel, scale);
  }

  private static void curves(Graphics2D g, Panel panel, Scale scale) {
    g.setColor(Color.GRAY);
    line(g, panel.base(), scale, 1.2f, true);
    for (int i = 0; i < panel.curves().size(); i++) {
      g.setColor(COLOURS[i % COLOURS.length]);
      line(g, panel.curves().get(i).points(), scale, 2, false);
      for (Point at : panel.curves().get(i).marked()) {
        g.fill(new Ellipse2D.Double(scale.x(at.x()) - 5, scale.y(at.y()) - 5, 10, 10));
      }
    }
  }

  private static void line(
      Graphics2D g, List<Point> points, Scale scale, float thickness, boolean dashed) {
    var path = new Path2D.Double();
    for (Point point : points) {
      if (path.getCurrentPoint() == null) {
        path.moveTo(scale.x(point.x()), scale.y(point.y()));
      } else {
        path.lineTo(scale.x(point.x()), scale.y(point.y()));
      }
    }
    g.setStroke(
        dashed
            ? new BasicStroke(
                thickness, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {6, 5}, 0)
            : new BasicStroke(thickness));
    g.draw(path);
  }

  /** The values that an axis shows. */
  private record Range(double low, double high) {
    /**
     * @param room beyond the values, as a share of their extent
     */
    static Range of(DoubleStream values, double room) {
      var range = values.filter(Double::isFinite).summaryStatistics();
      if (range.getCount() == 0) {
        return new Range(0, 1);
      }
      double extent = Math.max(range.getMax() - range.getMin(), 1e-3);
      double high = Math.max(range.getMax(), range.getMin() + extent);
      return new Range(range.getMin() - room * extent, high + room * extent);
    }

    double extent() {
      return high - low;
    }
  }

  /** From values to pixels of a panel. */
  private record Scale(Range x, Range y, int left, int top) {
    static Scale of(Panel panel, int left, int top) {
      return new Scale(
          Range.of(points(panel).mapToDouble(Point::x), 0),
          Range.of(points(panel).mapToDouble(Point::y), 0.06),
          left,
          top);
    }

    private static Stream<Point> points(Panel panel) {
      return Stream.concat(
          panel.base().stream(), panel.curves().stream().flatMap(c -> c.points().stream()));
    }

    double x(double value) {
      return left + PANEL * (value - x.low) / x.extent();
    }

    double y(double value) {
      return top + PANEL * (y.high - value) / y.extent();
    }
  }
}
