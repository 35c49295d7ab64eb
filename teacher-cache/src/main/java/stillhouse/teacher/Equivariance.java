package stillhouse.teacher;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.tensor.FloatTensor;

/**
 * How far a teacher is from equivariant: what it says of a view of an image, T(v(x)), held against
 * the view of what it says of the image, v(T(x)). Where the two are equal the view's row could be
 * made from the image's own; where they are not it has to be asked. A promptable teacher is asked
 * the same questions, moved with the pixels, each time from its own features.
 */
public final class Equivariance {
  /** What of the two maps is compared, over all their values. */
  public enum Measure {
    /** ⟨T(v(x)), v(T(x))⟩ / (‖T(v(x))‖ ‖v(T(x))‖); two maps of zeros have 1. */
    COSINE,
    /** ‖T(v(x)) − v(T(x))‖ / ‖v(T(x))‖; 0 where both are zeros. */
    RELATIVE_ERROR,
    /**
     * IoU of the masks (logit &gt; 0), the mean over the classes, or prompts, where either has a
     * pixel; 1 where none has.
     */
    MASK_IOU
  }

  /** One image's. */
  public record Figure(View view, String map, Measure measure, double value)
      implements Serializable {}

  private final Teacher teacher;
  private final RgbImage image;
  private final List<Prompt> prompts;
  private final Map<String, FloatTensor> said;
  private final List<FloatTensor> answers;
  private final List<Figure> figures = new ArrayList<>();

  private Equivariance(Teacher teacher, RgbImage image, List<Prompt> prompts) {
    this.teacher = teacher;
    this.image = image;
    this.prompts = prompts;
    this.said = teacher.encode(List.of(image)).get(0);
    this.answers = answers(said, image, View.IDENTITY);
  }

  /**
   * @param prompts in the image's pixels; none for a teacher that takes none
   * @param views the identity among them is measured like any other
   * @return of each view and each layer, {@link Teacher#LOGITS} among them, its figures; a
   *     promptable teacher's logits have none where there is no prompt
   * @throws TeacherException where the teacher sees a view on another grid, as one whose input is
   *     not square sees a quarter turn
   */
  public static List<Figure> of(
      Teacher teacher, RgbImage image, List<Prompt> prompts, Collection<View> views) {
    var measuring = new Equivariance(teacher, image, prompts);
    views.forEach(measuring::measure);
    return measuring.figures;
  }

  private void measure(View view) {
    RgbImage seen = view.of(image);
    Map<String, FloatTensor> features = teacher.encode(List.of(seen)).get(0);
    for (String layer : teacher.spec().imageLayers()) {
      boolean masks = layer.equals(Teacher.LOGITS);
      compare(view, layer, List.of(features.get(layer)), List.of(said.get(layer)), masks);
    }
    if (!answers.isEmpty()) {
      compare(view, Teacher.LOGITS, answers(features, seen, view), answers, true);
    }
  }

  private List<FloatTensor> answers(Map<String, FloatTensor> features, RgbImage seen, View view) {
    List<FloatTensor> logits = new ArrayList<>();
    try (Teacher.Asking asking = teacher.asking(features, seen.width(), seen.height())) {
      for (Prompt prompt : prompts) {
        Prompt moved = prompt.in(view, image.width(), image.height());
        logits.add(asking.answer(moved).logits());
      }
    }
    return logits;
  }

  private void compare(
      View view, String map, List<FloatTensor> actual, List<FloatTensor> own, boolean masks) {
    var sums = new Sums();
    for (int i = 0; i < actual.size(); i++) {
      FloatTensor expected = view.of(own.get(i));
      requireGrid(view, map, actual.get(i), expected);
      sums.add(actual.get(i), expected);
    }
    figures.add(new Figure(view, map, Measure.COSINE, sums.cosine()));
    figures.add(new Figure(view, map, Measure.RELATIVE_ERROR, sums.relativeError()));
    if (masks) {
      figures.add(new Figure(view, map, Measure.MASK_IOU, sums.maskIou()));
    }
  }

  private void requireGrid(View view, String map, FloatTensor actual, FloatTensor expected) {
    if (!Arrays.equals(actual.shape(), expected.shape())) {
      throw new TeacherException(
          "Cannot measure view %s of teacher %s: layer %s is %s, of the image as it is and turned %s. Its input is not square; leave the views out that swap the sides."
              .formatted(view, teacher.spec().name(), map, actual, expected));
    }
  }

  /** Over one image's maps of one kind. */
  private static final class Sums {
    private double product;
    private double actualSquares;
    private double expectedSquares;
    private double errorSquares;
    private double ious;
    private int planes;

    void add(FloatTensor actual, FloatTensor expected) {
      float[] a = actual.data();
      float[] e = expected.data();
      int area = actual.dim(actual.rank() - 2) * actual.dim(actual.rank() - 1);
      for (int from = 0; from < a.length; from += area) {
        plane(a, e, from, from + area);
      }
    }

    private void plane(float[] a, float[] e, int from, int to) {
      int both = 0;
      int either = 0;
      for (int i = from; i < to; i++) {
        double error = (double) a[i] - e[i];
        product += (double) a[i] * e[i];
        actualSquares += (double) a[i] * a[i];
        expectedSquares += (double) e[i] * e[i];
        errorSquares += error * error;
        both += a[i] > 0 && e[i] > 0 ? 1 : 0;
        either += a[i] > 0 || e[i] > 0 ? 1 : 0;
      }
      if (either > 0) {
        ious += (double) both / either;
        planes++;
      }
    }

    double cosine() {
      double norms = Math.sqrt(actualSquares * expectedSquares);
      return norms > 0 ? product / norms : actualSquares == expectedSquares ? 1 : 0;
    }

    double relativeError() {
      return errorSquares == 0 ? 0 : Math.sqrt(errorSquares / expectedSquares);
    }

    double maskIou() {
      return planes > 0 ? ious / planes : 1;
    }
  }
}
