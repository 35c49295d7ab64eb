package stillhouse.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** Dots and intervals: a line a name, panels side by side, each on an axis of its own. */
public final class IntervalPlot {
  private static final int PANEL = 260; // pixels of an axis
  private static final int GAP = 28;
  private static final int LINE = 24;
  private static final int MARGIN = 14;
  private static final int TICKS = 4; // about so many an axis
  private static final double DOT = 5;
  private static final double MEAN = 9;
  private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
  private static final Font BOLD = FONT.deriveFont(Font.BOLD);
  private static final Color GRID = new Color(0xdddddd);
  private static final Color PALE = new Color(0x9ecae1);
  private static final Color DARK = new Color(0x0072b2);

  private IntervalPlot() {}

  /** An interval, low ≤ high. */
  public record Range(double low, double high) {}

  /**
   * What one name has on one panel.
   *
   * @param values a small dot each
   * @param mean the large dot
   * @param thick drawn as a pale bar
   * @param thin drawn as a line with ends
   */
  public record Mark(
      List<Double> values, double mean, Optional<Range> thick, Optional<Range> thin) {
    public Mark {
      values = List.copyOf(values);
    }

    private DoubleStream all() {
      return DoubleStream.concat(
          DoubleStream.concat(DoubleStream.of(mean), values.stream().mapToDouble(v -> v)),
          DoubleStream.concat(ends(thick), ends(thin)));
    }

    private static DoubleStream ends(Optional<Range> range) {
      return range.stream().flatMapToDouble(r -> DoubleStream.of(r.low(), r.high()));
    }
  }

  /**
   * @param zero whether a line marks 0, as for differences
   * @param marks one a name, empty where it has nothing
   */
  public record Panel(String title, boolean zero, List<Optional<Mark>> marks) {
    public Panel {
      marks = List.copyOf(marks);
    }
  }

  /**
   * @param names of the lines, top to bottom
   * @param foot what the marks mean, a line each
   * @throws IllegalArgumentException where a panel has another number of marks than there are names
   */
  public static byte[] png(
      String title, List<String> names, List<Panel> panels, List<String> foot) {
    return Png.of(draw(title, names, panels, foot));
  }

  static BufferedImage draw(
      String title, List<String> names, List<Panel> panels, List<String> foot) {
    for (Panel panel : panels) {
      if (panel.marks().size() != names.size()) {
        throw new IllegalArgumentException(
            "Cannot draw panel '%s': %d marks for %d names %s"
                .formatted(panel.title(), panel.marks().size(), names.size(), names));
      }
    }
    int left = MARGIN + width(names) + GAP;
    int top = MARGIN + 2 * LINE;
    int bottom = top + names.size() * LINE;
    int width = left + panels.size() * (PANEL + GAP);
    int height = bottom + LINE + foot.size() * (LINE - 6) + MARGIN;
    var page = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = page.createGraphics();
    try {
      prepare(g, page);
      g.setFont(BOLD);
      text(g, title, MARGIN, MARGIN, width);
      g.setFont(FONT);
      for (int i = 0; i < names.size(); i++) {
        text(g, names.get(i), MARGIN, top + i * LINE, left - MARGIN);
      }
      for (int p = 0; p < panels.size(); p++) {
        panel(g, panels.get(p), left + p * (PANEL + GAP), top, bottom);
      }
      for (int i = 0; i < foot.size(); i++) {
        text(g, foot.get(i), MARGIN, bottom + LINE + i * (LINE - 6), width);
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
    g.setFont(FONT);
  }

  private static int width(List<String> names) {
    var page = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = page.createGraphics();
    try {
      FontMetrics metrics = g.getFontMetrics(FONT);
      return names.stream().mapToInt(metrics::stringWidth).max().orElse(0);
    } finally {
      g.dispose();
    }
  }

  private static void panel(Graphics2D g, Panel panel, int left, int top, int bottom) {
    text(g, panel.title(), left, top - LINE, PANEL);
    Axis axis = Axis.of(panel, left);
    for (double tick : axis.ticks()) {
      g.setColor(GRID);
      line(g, axis.at(tick), top, axis.at(tick), bottom, 1);
      centred(g, axis.label(tick), axis.at(tick), bottom);
    }
    if (panel.zero()) {
      g.setColor(Color.GRAY);
      line(g, axis.at(0), top, axis.at(0), bottom, 1.5f);
    }
    for (int i = 0; i < panel.marks().size(); i++) {
      double y = top + (i + 0.5) * LINE;
      panel.marks().get(i).ifPresent(mark -> mark(g, axis, mark, y));
    }
  }

  private static void mark(Graphics2D g, Axis axis, Mark mark, double y) {
    g.setColor(PALE);
    mark.thick().ifPresent(r -> line(g, axis.at(r.low()), y, axis.at(r.high()), y, 8));
    g.setColor(DARK);
    mark.thin()
        .ifPresent(
            r -> {
              line(g, axis.at(r.low()), y, axis.at(r.high()), y, 1.5f);
              line(g, axis.at(r.low()), y - 4, axis.at(r.low()), y + 4, 1.5f);
              line(g, axis.at(r.high()), y - 4, axis.at(r.high()), y + 4, 1.5f);
            });
    g.setColor(Color.DARK_GRAY);
    mark.values().forEach(value -> dot(g, axis.at(value), y, DOT, false));
    g.setColor(DARK);
    dot(g, axis.at(mark.mean()), y, MEAN, true);
  }

  private static void dot(Graphics2D g, double x, double y, double size, boolean filled) {
    var shape = new Ellipse2D.Double(x - size / 2, y - size / 2, size, size);
    if (filled) {
      g.fill(shape);
    } else {
      g.setStroke(new BasicStroke(1));
      g.draw(shape);
    }
  }

  private static void line(
      Graphics2D g, double x1, double y1, double x2, double y2, float thickness) {
    g.setStroke(new BasicStroke(thickness, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER));
    g.draw(new Line2D.Double(x1, y1, x2, y2));
  }

  private static void centred(Graphics2D g, String text, double x, int y) {
    g.setColor(Color.BLACK);
    FontMetrics metrics = g.getFontMetrics();
    g.drawString(text, (float) (x - metrics.stringWidth(text) / 2.0), y + metrics.getAscent() + 2f);
  }

  private static void text(Graphics2D g, String text, int x, int y, int width) {
    g.setColor(Color.BLACK);
    FontMetrics metrics = g.getFontMetrics();
    String shown = text;
    while (metrics.stringWidth(shown) > width && shown.length() > 1) {
      shown = shown.substring(0, shown.length() - 2) + "…";
    }
    g.drawString(shown, x, y + (LINE + metrics.getAscent() - metrics.getDescent()) / 2f);
  }

  /** Values to pixels, with ticks at round numbers: 1, 2 or 5 times a power of ten apart. */
  record Axis(double low, double high, double step, int left) {
    static Axis of(Panel panel, int left) {
      DoubleStream marks = panel.marks().stream().flatMapToDouble(m -> all(m));
      var range =
          DoubleStream.concat(marks, panel.zero() ? DoubleStream.of(0) : DoubleStream.empty())
              .filter(Double::isFinite)
              .summaryStatistics();
      if (range.getCount() == 0) {
        return new Axis(0, 1, 0.5, left);
      }
      double extent = Math.max(range.getMax() - range.getMin(), 1e-4);
      double room = 0.08 * extent; // so that no mark lies on the panel's edge
      return new Axis(range.getMin() - room, range.getMax() + room, step(extent), left);
    }

    private static DoubleStream all(Optional<Mark> mark) {
      return mark.stream().flatMapToDouble(Mark::all);
    }

    private static double step(double extent) {
      double raw = extent / TICKS;
      double power = Math.pow(10, Math.floor(Math.log10(raw)));
      double digit = raw / power;
      return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
    }

    double at(double value) {
      return left + PANEL * (value - low) / (high - low);
    }

    List<Double> ticks() {
      return new RoundTicks(step).between(low, high).boxed().toList();
    }

    String label(double tick) {
      return String.format(Locale.ROOT, "%." + new RoundTicks(step).digits() + "f", tick);
    }
  }
}
