package stillhouse.prompts;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import stillhouse.data.ClassMask;
import stillhouse.data.Components.Component;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.MaskCounter;
import stillhouse.predict.Masks;
import stillhouse.teacher.Clicks;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Refined;
import stillhouse.teacher.Teacher;
import stillhouse.tensor.FloatTensor;

/**
 * Asks about one object after the other as a {@link PromptProtocol} says. Answers are compared at
 * the image's own size, logits brought there bilinearly. Not thread-safe: one a thread.
 */
final class Rounds {
  private static final int OBJECT = 1; // the one class of an object's masks

  private final PromptProtocol protocol;
  private final ClickSimulator simulator = new ClickSimulator();
  private final MaskCounter counter = new MaskCounter(1);

  Rounds(PromptProtocol protocol) {
    this.protocol = protocol;
  }

  /**
   * An answer.
   *
   * @param clicks that it was asked with; none for the box
   * @param mask of the object's size: 0 or 1
   * @param predictedIou the network's own estimate
   * @param nanos of the decoder; 0 where nothing was asked, since the round before was right
   *     everywhere: then all else is that round's
   */
  record Answer(
      List<Click> clicks,
      ClassMask mask,
      double iou,
      double boundaryIou,
      double predictedIou,
      long nanos) {
    double value(PromptProtocol.Measure measure) {
      return switch (measure) {
        case IOU -> iou;
        case BOUNDARY_IOU -> boundaryIou;
        case PREDICTED_IOU -> unit(predictedIou);
        case IOU_ERROR -> Math.abs(unit(predictedIou) - iou);
      };
    }

    private static double unit(double value) {
      return Math.min(1, Math.max(0, value));
    }

    private Answer again() {
      return new Answer(clicks, mask, iou, boundaryIou, predictedIou, 0);
    }
  }

  /** An answer a question of {@link PromptProtocol#questions}, in their order. */
  List<Answer> of(Teacher.Asking image, Component component, ClassMask truth) {
    List<Answer> answers = new ArrayList<>();
    if (protocol.points()) {
      byPoints(image, component.classId(), truth, answers);
    }
    if (protocol.boxes()) {
      answers.add(byBox(image, component, truth));
    }
    return answers;
  }

  private void byPoints(Teacher.Asking image, int classId, ClassMask truth, List<Answer> answers) {
    List<Click> made = new ArrayList<>(List.of(simulator.first(truth).orElseThrow()));
    Clicks clicks = Clicks.of(made.get(0).point(classId));
    Optional<FloatTensor> carried = ask(image, clicks, made, truth, answers);
    for (int round = 1; round <= protocol.clicks(); round++) {
      Answer last = answers.get(answers.size() - 1);
      Optional<Click> next = simulator.next(truth, last.mask());
      if (next.isEmpty()) {
        answers.add(last.again());
        continue;
      }
      made.add(next.get());
      clicks = clicks.then(next.get().point(classId), carried);
      carried = ask(image, clicks, made, truth, answers);
    }
  }

  /**
   * @return what the next round's question carries
   */
  private Optional<FloatTensor> ask(
      Teacher.Asking image,
      Clicks clicks,
      List<Click> made,
      ClassMask truth,
      List<Answer> answers) {
    long began = System.nanoTime();
    Refined refined = image.refine(clicks, protocol.maxArea());
    answers.add(measured(refined.answer(), made, truth, System.nanoTime() - began));
    return refined.carried();
  }

  private Answer byBox(Teacher.Asking image, Component c, ClassMask truth) {
    Prompt.Box box = new Prompt.Box(c.classId(), c.x0(), c.y0(), c.x1(), c.y1());
    long began = System.nanoTime();
    MaskAnswer answer = image.answer(box);
    return measured(answer, List.of(), truth, System.nanoTime() - began);
  }

  private Answer measured(MaskAnswer answer, List<Click> made, ClassMask truth, long nanos) {
    FloatTensor logits = answer.logits();
    int[] plane = {1, logits.dim(0), logits.dim(1)};
    ClassMask mask =
        Masks.fromLogits(new FloatTensor(plane, logits.data()), truth.width(), truth.height());
    ImageCounts counts = counter.count(mask, truth);
    return new Answer(
        List.copyOf(made),
        mask,
        counts.area(OBJECT).iou().orElseThrow(),
        counts.boundary(OBJECT).iou().orElseThrow(),
        answer.predictedIou(),
        nanos);
  }
}
