package stillhouse.prompts;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import stillhouse.data.ClassMask;
import stillhouse.data.Components.Component;
import stillhouse.data.RgbImage;
import stillhouse.data.Tile;
import stillhouse.report.ClickPanels;
import stillhouse.report.ContactSheet;
import stillhouse.teacher.Teacher;
import stillhouse.tensor.FloatTensor;

/**
 * A row of a contact sheet: an image's largest object, and the answer to each question about it.
 */
public record PromptPicture(PromptProtocol protocol) {
  private static final double MARGIN = 0.75; // of the object's longer side, around it

  /** What the columns show. */
  public List<String> headers() {
    List<String> headers = new ArrayList<>(List.of("the object"));
    protocol.questions().forEach(question -> headers.add(PromptProtocol.words(question)));
    return headers;
  }

  /**
   * @param features as {@link Teacher#decode} takes them
   * @return empty where the labels show no object that is large enough
   */
  public Optional<ContactSheet.Row> row(
      String name,
      RgbImage image,
      ClassMask labels,
      Teacher teacher,
      Map<String, FloatTensor> features) {
    PromptedObjects objects = new PromptedObjects(labels, protocol.minArea());
    if (objects.count() == 0) {
      return Optional.empty();
    }
    ClassMask truth = objects.truth(0);
    try (Teacher.Asking asking = teacher.asking(features, image.width(), image.height())) {
      List<Rounds.Answer> answers = new Rounds(protocol).of(asking, objects.component(0), truth);
      return Optional.of(row(name, image, truth, objects.component(0), answers));
    }
  }

  private static ContactSheet.Row row(
      String name, RgbImage image, ClassMask truth, Component object, List<Rounds.Answer> answers) {
    ClickPanels panels = new ClickPanels(image, truth, around(object, image));
    List<BufferedImage> row = new ArrayList<>(List.of(panels.object()));
    StringBuilder caption = new StringBuilder(name).append(", IoU");
    for (Rounds.Answer answer : answers) {
      caption.append(String.format(Locale.ROOT, " %.2f", answer.iou()));
      List<ClickPanels.Dot> dots =
          answer.clicks().stream()
              .map(c -> new ClickPanels.Dot(c.x(), c.y(), c.foreground()))
              .toList();
      Optional<Tile> box = dots.isEmpty() ? Optional.of(box(object)) : Optional.empty();
      row.add(panels.answer(answer.mask(), object.classId(), dots, box));
    }
    return new ContactSheet.Row(caption.toString(), row);
  }

  private static Tile box(Component c) {
    return new Tile(c.x0(), c.y0(), c.x1() - c.x0(), c.y1() - c.y0());
  }

  /** The object and what lies around it, within the image; a square where there is room. */
  private static Tile around(Component c, RgbImage image) {
    int longer = Math.max(c.x1() - c.x0(), c.y1() - c.y0());
    int side = (int) Math.ceil(longer * (1 + 2 * MARGIN));
    int width = Math.min(image.width(), side);
    int height = Math.min(image.height(), side);
    int x = Math.min(Math.max(0, (c.x0() + c.x1() - width) / 2), image.width() - width);
    int y = Math.min(Math.max(0, (c.y0() + c.y1() - height) / 2), image.height() - height);
    return new Tile(x, y, width, height);
  }
}
