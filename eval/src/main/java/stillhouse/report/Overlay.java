package stillhouse.report;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.metrics.BoundaryBand;

/** Masks drawn over their image. */
public final class Overlay {
  private static final double FILL = 0.45; // the image still shows through
  private static final double DIM = 0.35; // of the image's brightness, under errors
  private static final double PALE = 0.45;

  private Overlay() {}

  /**
   * Panels side by side: image, truth, each prediction, and the errors of the last prediction.
   *
   * @param predictions at the image's size, as the truth
   */
  public static List<BufferedImage> panels(
      RgbImage image, ClassMask truth, List<ClassMask> predictions) {
    List<BufferedImage> panels = new ArrayList<>();
    panels.add(picture(image));
    panels.add(classes(image, truth));
    predictions.forEach(p -> panels.add(classes(image, p)));
    if (!predictions.isEmpty()) {
      panels.add(errors(image, predictions.get(predictions.size() - 1), truth));
    }
    return panels;
  }

  /**
   * Panels side by side: image, label, teacher, student, and where the student departs from the
   * teacher (as {@link #panels} has it from the truth). Without a label that panel is dark.
   */
  public static List<BufferedImage> disagreement(
      RgbImage image, Optional<ClassMask> label, ClassMask teacher, ClassMask student) {
    return List.of(
        picture(image),
        label.map(l -> classes(image, l)).orElseGet(() -> dimmed(image)),
        classes(image, teacher),
        classes(image, student),
        errors(image, student, teacher));
  }

  /** A colour of the panels, 0xRRGGBB, and what it says. */
  public record Colour(int rgb, String text) {}

  /**
   * What the panels' colours say.
   *
   * @param classNames foreground classes 1…K; empty where the panels show none
   */
  public static List<Colour> legend(List<String> classNames) {
    List<Colour> legend = new ArrayList<>();
    for (int c = 1; c <= classNames.size(); c++) {
      legend.add(new Colour(Palette.classColour(c), classNames.get(c - 1)));
    }
    legend.add(new Colour(Palette.MISSED, "missed"));
    legend.add(new Colour(Palette.FALSE_ALARM, "false"));
    legend.add(new Colour(Palette.WRONG_CLASS, "wrong class"));
    legend.add(new Colour(Palette.blend(0, Palette.EDGE_ONLY, 0.6), "edge only"));
    legend.add(new Colour(0xcccccc, "ignored (" + ClassMask.IGNORE + ")"));
    return List.copyOf(legend);
  }

  private static BufferedImage dimmed(RgbImage image) {
    return paint(image.width(), image.height(), i -> Palette.blend(0, colour(image, i), DIM));
  }

  /** The image, and each of some masks of it, where there is no truth. */
  public static List<BufferedImage> answers(RgbImage image, List<ClassMask> masks) {
    List<BufferedImage> panels = new ArrayList<>();
    panels.add(picture(image));
    masks.forEach(mask -> panels.add(classes(image, mask)));
    return panels;
  }

  /** One image's {@link #panels} as a PNG, with the legend of the error panel. */
  public static byte[] png(RgbImage image, ClassMask truth, ClassMask prediction) {
    List<String> headers = List.of("image", "truth", "prediction", "errors");
    var row = new ContactSheet.Row("", panels(image, truth, List.of(prediction)));
    return ContactSheet.png(headers, List.of(row), List.of());
  }

  static BufferedImage picture(RgbImage image) {
    return paint(image.width(), image.height(), i -> colour(image, i));
  }

  /** Each class in its colour over the image, its edge solid; ignored pixels washed out. */
  static BufferedImage classes(RgbImage image, ClassMask mask) {
    checkSize(image, mask);
    return paint(
        image.width(),
        image.height(),
        i -> {
          int base = colour(image, i);
          int label = mask.classes()[i] & 0xff;
          if (label == 0) {
            return base;
          }
          if (label == ClassMask.IGNORE) {
            return Palette.blend(base, Palette.IGNORED, FILL);
          }
          return Palette.blend(base, Palette.classColour(label), isEdge(mask, i) ? 1 : FILL);
        });
  }

  /**
   * What is wrong, over the dimmed image: missed, false and wrong-class pixels, solid where exactly
   * one of the two boundary bands has the pixel (so where it costs boundary IoU) and pale
   * elsewhere; and pixels whose class is right while their band is not.
   */
  static BufferedImage errors(RgbImage image, ClassMask predicted, ClassMask actual) {
    checkSize(image, predicted);
    checkSize(image, actual);
    byte[] predictedBand = BoundaryBand.of(clearIgnored(predicted, actual)).classes();
    byte[] actualBand = BoundaryBand.of(clearIgnored(actual, predicted)).classes();
    return paint(
        image.width(),
        image.height(),
        i -> {
          int base = Palette.blend(0, colour(image, i), DIM);
          int p = predicted.classes()[i] & 0xff;
          int t = actual.classes()[i] & 0xff;
          if (p == ClassMask.IGNORE || t == ClassMask.IGNORE) {
            return Palette.blend(base, Palette.IGNORED, PALE);
          }
          boolean edge = predictedBand[i] != actualBand[i];
          if (p == t) {
            return edge ? Palette.blend(base, Palette.EDGE_ONLY, PALE) : base;
          }
          return Palette.blend(base, errorColour(p, t), edge ? 1 : PALE);
        });
  }

  /** As the metric does: pixels that the other mask ignores are background. */
  private static ClassMask clearIgnored(ClassMask mask, ClassMask other) {
    byte[] labels = mask.classes().clone();
    for (int i = 0; i < labels.length; i++) {
      if (other.classes()[i] == (byte) ClassMask.IGNORE) {
        labels[i] = 0;
      }
    }
    return new ClassMask(mask.width(), mask.height(), labels);
  }

  private static int errorColour(int predicted, int actual) {
    if (predicted == 0) {
      return Palette.MISSED;
    }
    return actual == 0 ? Palette.FALSE_ALARM : Palette.WRONG_CLASS;
  }

  private static boolean isEdge(ClassMask mask, int i) {
    int x = i % mask.width();
    int y = i / mask.width();
    int label = mask.at(x, y);
    return (x > 0 && mask.at(x - 1, y) != label)
        || (y > 0 && mask.at(x, y - 1) != label)
        || (x + 1 < mask.width() && mask.at(x + 1, y) != label)
        || (y + 1 < mask.height() && mask.at(x, y + 1) != label);
  }

  private interface Painter {
    int at(int index);
  }

  private static BufferedImage paint(int width, int height, Painter painter) {
    var picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int[] line = new int[width];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        line[x] = painter.at(y * width + x);
      }
      picture.setRGB(0, y, width, 1, line, 0, width);
    }
    return picture;
  }

  private static int colour(RgbImage image, int i) {
    byte[] rgb = image.rgb();
    return (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | (rgb[3 * i + 2] & 0xff);
  }

  private static void checkSize(RgbImage image, ClassMask mask) {
    if (mask.width() != image.width() || mask.height() != image.height()) {
      throw new IllegalArgumentException(
          "Cannot draw a %d×%d mask over a %d×%d image"
              .formatted(mask.width(), mask.height(), image.width(), image.height()));
    }
  }
}
