package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Set;
import stillhouse.decoder.DrawnObjects;
import stillhouse.decoder.PromptedMasks;
import stillhouse.decoder.Questions;
import stillhouse.student.StudentOutput;

/**
 * A promptable student's masks against the labelled objects that it is asked about, {@link
 * PromptLoop}. Of the alternatives for a single point or box the one counts that costs least, as in
 * SAM's training; of several prompts the mask for an unambiguous one. Ignored pixels count nowhere.
 *
 * <p>Source: KD-SAM's second phase, Dice on labels ({@code bce: 0, iou: 0}); SAM's training
 * (Kirillov et al., 2023, appendix A) with BCE in place of its focal loss.
 */
final class PromptLabels implements Loss {
  /** Parameters in a recipe, {@code prompt-labels}. */
  record Settings(double weight, Double bce, Double dice, Double iou, PromptRounds prompts)
      implements LossSettings, Serializable {
    Settings {
      bce = bce == null ? (Double) 1.0 : bce;
      dice = dice == null ? (Double) 1.0 : dice;
      iou = iou == null ? (Double) 1.0 : iou;
      prompts = prompts == null ? PromptRounds.DEFAULT : prompts;
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.LABELS);
    }

    @Override
    public boolean readsPrompts() {
      return true;
    }

    @Override
    public Loss create(Assembly assembly) {
      return new PromptLabels(
          new PromptLoop(
              assembly.context().decoders().requireStudent("prompt-labels"),
              prompts,
              new PromptLoop.Parts(bce, dice, iou),
              "prompt-labels"));
    }
  }

  private final PromptLoop loop;

  PromptLabels(PromptLoop loop) {
    this.loop = loop;
  }

  @Override
  public Supervision supervision() {
    return Supervision.LABELS;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    return loop.perSample(student, targets, new Labels(targets));
  }

  /** What the labels of one batch say of its objects: the same in every round. */
  private final class Labels implements PromptLoop.Guide {
    private final Targets targets;
    private NDArray truth; // null until the first round, as counted
    private NDArray counted;

    Labels(Targets targets) {
      this.targets = targets;
    }

    @Override
    public PromptLoop.Held hold(DrawnObjects objects, Questions questions, PromptedMasks answers) {
      if (truth == null) {
        Shape masks = answers.masks().getShape();
        truth = truth(objects, answers.masks().getManager(), masks);
        counted = counted(targets.valid(), objects, masks);
      }
      return new PromptLoop.Held(truth, counted, choice(answers, truth, counted, questions));
    }
  }

  private static NDArray truth(DrawnObjects objects, NDManager manager, Shape masks) {
    Shape whole = new Shape(objects.count(), 1, objects.height(), objects.width());
    return FeatureMaps.toGrid(manager.create(objects.masks(), whole), masks.get(2), masks.get(3));
  }

  private static NDArray counted(NDArray valid, DrawnObjects objects, Shape masks) {
    return valid.isEmpty()
        ? valid
        : FeatureMaps.toGrid(PromptLoop.gather(valid, objects), masks.get(2), masks.get(3));
  }

  /** One-hot: the cheapest alternative for a single prompt, the first mask for several. */
  private float[] choice(
      PromptedMasks answers, NDArray truth, NDArray counted, Questions questions) {
    int count = (int) answers.ious().getShape().get(0);
    int masks = (int) answers.ious().getShape().get(1);
    if (!questions.areSingle()) {
      return PromptLoop.firsts(count, masks);
    }
    float[] least = new float[count];
    Arrays.fill(least, Float.POSITIVE_INFINITY);
    int[] best = new int[count];
    for (int m = 1; m < masks; m++) {
      NDArray alternative = answers.masks().stopGradient().get(":, %d:%d".formatted(m, m + 1));
      float[] costs = loop.costs(alternative, truth, counted);
      for (int p = 0; p < count; p++) {
        best[p] = costs[p] < least[p] ? m : best[p];
        least[p] = Math.min(costs[p], least[p]);
      }
    }
    return PromptLoop.oneHot(best, masks);
  }
}
