package stillhouse.jobs;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.predict.Masks;
import stillhouse.report.ContactSheet;
import stillhouse.report.Heatmap;
import stillhouse.report.Overlay;
import stillhouse.structure.StructureMaps;
import stillhouse.structure.StructureTensor;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.SoftTarget;
import stillhouse.teacher.Teacher;
import stillhouse.tensor.FloatTensor;

/**
 * One image to a contact sheet (none where it can't be read), a row a view: the view, E, C and D of
 * what the teacher says of it; and where the teacher gives logits, the mask that it gives the
 * image, moved, the mask that it gives the view, and where the two differ.
 */
record ViewsPicture(EquivarianceTask task, List<View> views, List<String> classes)
    implements FlatMapFunction<Row, byte[]> {
  private static final int RADIUS = 7; // of D, as caches have it by default
  private static final List<String> MAPS = List.of("view", "E", "C", "D");
  private static final List<String> MASKS =
      List.of("the image's mask, moved", "the view's own mask", "the difference");

  @Override
  public Iterator<byte[]> call(Row row) {
    return task.image(row).map(image -> sheet(row, image)).stream().iterator();
  }

  private byte[] sheet(Row row, RgbImage image) {
    Teacher teacher = task.teacher();
    List<Prompt> prompts = task.prompts(row, image);
    boolean masks = teacher.spec().answers();
    List<String> headers = new ArrayList<>(MAPS);
    headers.addAll(masks ? MASKS : List.of());
    Seen itself = seen(teacher, image, prompts, View.IDENTITY);
    List<ContactSheet.Row> sheet = new ArrayList<>();
    for (View view : views) {
      Seen seen = seen(teacher, image, prompts, view);
      sheet.add(new ContactSheet.Row(view.text(), panels(view, seen, itself, masks)));
    }
    return ContactSheet.png(headers, sheet, masks ? classes : List.of());
  }

  /** What the teacher says of a view. */
  private record Seen(RgbImage image, StructureMaps structure, ClassMask mask) {}

  private Seen seen(Teacher teacher, RgbImage image, List<Prompt> prompts, View view) {
    RgbImage shown = view.of(image);
    Map<String, FloatTensor> features = teacher.encode(List.of(shown)).get(0);
    FloatTensor embedding = features.get(teacher.spec().embedding());
    FloatTensor logits =
        teacher.spec().promptable()
            ? composed(teacher, features, image, prompts, view)
            : features.getOrDefault(Teacher.LOGITS, SoftTarget.compose(1, 1, 1, List.of()));
    return new Seen(
        shown,
        StructureTensor.maps(embedding, RADIUS),
        Masks.fromLogits(logits, shown.width(), shown.height()));
  }

  private FloatTensor composed(
      Teacher teacher,
      Map<String, FloatTensor> features,
      RgbImage image,
      List<Prompt> prompts,
      View view) {
    RgbImage shown = view.of(image);
    List<SoftTarget.ClassLogits> answers = new ArrayList<>();
    try (Teacher.Asking asking = teacher.asking(features, shown.width(), shown.height())) {
      for (Prompt prompt : prompts) {
        Prompt moved = prompt.in(view, image.width(), image.height());
        answers.add(new SoftTarget.ClassLogits(prompt.classId(), asking.answer(moved).logits()));
      }
    }
    return SoftTarget.compose(classes.size(), shown.height(), shown.width(), answers);
  }

  private static List<BufferedImage> panels(View view, Seen seen, Seen itself, boolean masks) {
    ClassMask moved = view.of(itself.mask());
    List<BufferedImage> drawn = Overlay.panels(seen.image(), moved, List.of(seen.mask()));
    List<BufferedImage> panels = new ArrayList<>(drawn.subList(0, 1));
    StructureMaps maps = seen.structure();
    for (FloatTensor map : List.of(maps.e(), maps.c(), maps.d())) {
      panels.add(Heatmap.picture(map, Math.max(1, seen.image().width() / map.dim(1))));
    }
    panels.addAll(masks ? drawn.subList(1, drawn.size()) : List.of());
    return panels;
  }
}
