package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.Serializable;
import java.util.Set;
import stillhouse.decoder.DrawnObjects;
import stillhouse.decoder.PromptDecoders;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.PromptedMasks;
import stillhouse.decoder.Questions;
import stillhouse.student.HostValues;
import stillhouse.student.StudentOutput;

/**
 * A promptable student's masks against its teacher's for the same prompts, {@link PromptLoop}: the
 * teacher's own decoder, frozen, is asked online on the cached embedding. Of the alternatives for a
 * single point or box the one counts that the teacher predicts the greatest IoU for, and of the
 * student the one in the same place; of several prompts the mask for an unambiguous one. Targets
 * are the teacher's masks as they would be cut, 0 or 1.
 *
 * <p>Shapes: teacher embedding [B, C, g, g], on the teacher's own grid; its masks are brought to
 * the student's resolution bilinearly before they are cut.
 *
 * <p>Source: EdgeSAM (Zhou et al., 2023): 5 BCE + 5 Dice, at most 16 prompts an image, two further
 * points each. Objects that are asked about come from the labels, so this is box and point
 * supervision.
 */
final class PromptTeacher implements Loss {
  private static final double PUBLISHED = 5;

  /** Parameters in a recipe, {@code prompt-teacher}. */
  record Settings(double weight, Double bce, Double dice, Double iou, PromptRounds prompts)
      implements LossSettings, Serializable {
    Settings {
      bce = bce == null ? (Double) PUBLISHED : bce;
      dice = dice == null ? (Double) PUBLISHED : dice;
      iou = iou == null ? (Double) 0.0 : iou;
      prompts = prompts == null ? PromptRounds.DEFAULT : prompts;
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.LABELS, Need.TEACHER_EMBEDDING, Need.TEACHER_DECODER);
    }

    @Override
    public boolean readsPrompts() {
      return true;
    }

    @Override
    public Loss create(Assembly assembly) {
      return new PromptTeacher(
          new PromptLoop(
              assembly.context().decoders().requireStudent("prompt-teacher"),
              prompts,
              new PromptLoop.Parts(bce, dice, iou),
              "prompt-teacher"),
          assembly.context().decoders());
    }
  }

  private final PromptLoop loop;
  private final PromptDecoders decoders; // its teacher is made where it is asked, not to export

  PromptTeacher(PromptLoop loop, PromptDecoders decoders) {
    this.loop = loop;
    this.decoders = decoders;
  }

  @Override
  public Supervision supervision() {
    return Supervision.LABELS;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    return loop.perSample(student, targets, new Asking(targets.teacherEmbedding()));
  }

  /** The teacher's side of the rounds about one batch. */
  private final class Asking implements PromptLoop.Guide {
    private final NDArray embedding;
    private NDArray ofObjects; // each one's image; null until the first round
    private NDArray earlier; // its mask of the round before; null in the first

    Asking(NDArray embedding) {
      this.embedding = embedding;
    }

    @Override
    public PromptLoop.Held hold(DrawnObjects objects, Questions questions, PromptedMasks answers) {
      NDManager manager = answers.masks().getManager();
      PromptableDecoder teacher = decoders.requireTeacher("prompt-teacher");
      ofObjects = ofObjects == null ? PromptLoop.gather(embedding, objects) : ofObjects;
      PromptedMasks said =
          PromptLoop.ask(
              teacher,
              ofObjects,
              questions.points(manager).mul(scale(teacher.grid(), manager, objects)),
              questions.labels(manager),
              earlier);
      float[] choice = choice(said, questions);
      NDArray mask =
          PromptLoop.chosen(said.masks(), manager.create(choice, said.ious().getShape()))
              .stopGradient();
      earlier = loop.rounds().earlierMask() ? mask : null;
      Shape size = answers.masks().getShape();
      NDArray target =
          Bilinear.resize(mask, size.get(2), size.get(3)).gt(0).toType(DataType.FLOAT32, false);
      return new PromptLoop.Held(target, manager.create(new float[0], new Shape(0)), choice);
    }
  }

  /** From the student's input pixels to the teacher's. */
  private static NDArray scale(PromptGrid grid, NDManager manager, DrawnObjects objects) {
    return manager.create(
        new float[] {
          (float) grid.inputWidth() / objects.width(), (float) grid.inputHeight() / objects.height()
        });
  }

  /** One-hot: for a single prompt the alternative of the greatest predicted IoU, else the first. */
  private static float[] choice(PromptedMasks said, Questions questions) {
    int count = (int) said.ious().getShape().get(0);
    int masks = (int) said.ious().getShape().get(1);
    if (!questions.areSingle()) {
      return PromptLoop.firsts(count, masks);
    }
    float[] ious = HostValues.of(said.ious());
    int[] best = new int[count];
    for (int p = 0; p < count; p++) {
      best[p] = 1;
      for (int m = 2; m < masks; m++) {
        best[p] = ious[p * masks + m] > ious[p * masks + best[p]] ? m : best[p];
      }
    }
    return PromptLoop.oneHot(best, masks);
  }
}
