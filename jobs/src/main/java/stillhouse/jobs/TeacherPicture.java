package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.metrics.MaskCounter;
import stillhouse.predict.Masks;
import stillhouse.report.ContactSheet;
import stillhouse.report.Overlay;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.LabelPoints;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptedImage;
import stillhouse.teacher.SoftTarget;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.tensor.FloatTensor;

/** What a teacher answers about a few images, over them. */
final class TeacherPicture {
  private static final int LEAST_AREA = 16; // a component of fewer pixels can't be seen here
  private static final int MOST_PROMPTS = 32;
  private static final double LARGEST = 0.5; // of the image: a data set's own default
  private static final int GRID = 3; // points across and down where there are no labels
  private static final float SIDE = 256; // of the map that answers are composed on

  private final Teacher teacher;
  private final TeacherConfig config;
  private final Consumer<String> told;

  /**
   * @param config says what a promptable one takes
   * @param told is told one line an image
   */
  TeacherPicture(Teacher teacher, TeacherConfig config, Consumer<String> told) {
    this.teacher = teacher;
    this.config = config;
    this.told = told;
  }

  record Shown(String name, RgbImage image, Optional<ClassMask> truth) {}

  /**
   * @param shown with masks all of them, or none
   */
  byte[] png(List<Shown> shown) {
    List<ContactSheet.Row> rows = shown.stream().map(this::row).toList();
    return ContactSheet.png(headers(shown.get(0).truth.isPresent()), rows, List.of());
  }

  private List<String> headers(boolean labelled) {
    if (!teacher.spec().promptable()) {
      return labelled
          ? List.of("image", "truth", "teacher", "errors")
          : List.of("image", "teacher");
    }
    if (!labelled) {
      return List.of("image", GRID + "×" + GRID + " points, each its own colour");
    }
    if (config.takesPoints() && config.takesBoxes()) {
      return List.of("image", "truth", "asked by points", "asked by boxes", "errors, boxes");
    }
    String by = config.takesPoints() ? "asked by points" : "asked by boxes";
    return List.of("image", "truth", by, "errors");
  }

  private ContactSheet.Row row(Shown shown) {
    Map<String, FloatTensor> features = teacher.encode(List.of(shown.image)).get(0);
    if (!teacher.spec().promptable()) {
      return row(shown, List.of(dense(shown, features)), List.of("teacher"));
    }
    if (shown.truth.isEmpty()) {
      return row(shown, List.of(asked(shown, features, grid(shown.image), LARGEST)), List.of());
    }
    ClassMask truth = shown.truth.get();
    PromptedImage image =
        new PromptedImage(truth.width(), truth.height(), shown.truth, () -> shown.image);
    List<ClassMask> masks = new ArrayList<>();
    List<String> how = new ArrayList<>();
    if (config.takesPoints()) {
      var inside = new LabelPoints(LEAST_AREA, MOST_PROMPTS, LARGEST);
      masks.add(asked(shown, features, inside.prompts(image), LARGEST));
      how.add("points");
    }
    if (config.takesBoxes()) {
      List<Prompt> boxes = new LabelBoxes(LEAST_AREA, MOST_PROMPTS).prompts(image);
      masks.add(asked(shown, features, boxes, 1));
      how.add("boxes");
    }
    return row(shown, masks, how);
  }

  /**
   * @param how each mask was asked for, in the caption, where there is a truth to hold it against
   */
  private ContactSheet.Row row(Shown shown, List<ClassMask> masks, List<String> how) {
    if (shown.truth.isEmpty()) {
      told.accept(shown.name);
      return new ContactSheet.Row(shown.name, Overlay.answers(shown.image, masks));
    }
    ClassMask truth = shown.truth.get();
    StringBuilder caption = new StringBuilder(shown.name);
    for (int i = 0; i < masks.size(); i++) {
      String iou = iou(masks.get(i), truth);
      caption.append(", IoU by ").append(how.get(i)).append(' ').append(iou);
    }
    told.accept(caption.toString());
    return new ContactSheet.Row(caption.toString(), Overlay.panels(shown.image, truth, masks));
  }

  /** The mean over the classes that are there. */
  private static String iou(ClassMask mask, ClassMask truth) {
    int classes = Math.max(largest(mask), largest(truth));
    if (classes == 0) {
      return "–";
    }
    var counts = new MaskCounter(classes).count(mask, truth);
    double mean =
        IntStream.rangeClosed(1, classes)
            .mapToObj(c -> counts.area(c).iou())
            .flatMapToDouble(iou -> iou.stream())
            .average()
            .orElse(0);
    return String.format(Locale.ROOT, "%.2f", mean);
  }

  private static ClassMask dense(Shown shown, Map<String, FloatTensor> features) {
    FloatTensor logits = features.get(Teacher.LOGITS);
    if (logits == null) {
      return new ClassMask(
          shown.image.width(),
          shown.image.height(),
          new byte[shown.image.width() * shown.image.height()]);
    }
    return Masks.fromLogits(logits, shown.image.width(), shown.image.height());
  }

  /** The prompts' answers, composed as they are for training. */
  private ClassMask asked(
      Shown shown, Map<String, FloatTensor> features, List<Prompt> prompts, double largest) {
    int width = shown.image.width();
    int height = shown.image.height();
    List<SoftTarget.ClassLogits> answers = new ArrayList<>();
    try (Teacher.Asking image = teacher.asking(features, width, height)) {
      for (Prompt prompt : prompts) {
        MaskAnswer answer = image.answer(prompt, largest);
        answers.add(new SoftTarget.ClassLogits(prompt.classId(), answer.logits()));
      }
    }
    int classes = prompts.stream().mapToInt(Prompt::classId).max().orElse(1);
    float scale = Math.max(1, Math.max(width, height) / SIDE);
    FloatTensor target =
        SoftTarget.compose(classes, Math.round(height / scale), Math.round(width / scale), answers);
    return Masks.fromLogits(target, width, height);
  }

  private static List<Prompt> grid(RgbImage image) {
    List<Prompt> points = new ArrayList<>();
    for (int i = 0; i < GRID * GRID; i++) {
      float x = (i % GRID + 0.5f) * image.width() / GRID;
      float y = (i / GRID + 0.5f) * image.height() / GRID;
      points.add(new Prompt.Point(i + 1, x, y, true));
    }
    return points;
  }

  private static int largest(ClassMask mask) {
    int most = 0;
    for (byte label : mask.classes()) {
      int id = label & 0xff;
      most = id == ClassMask.IGNORE ? most : Math.max(most, id);
    }
    return most;
  }
}
