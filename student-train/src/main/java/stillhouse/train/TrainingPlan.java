package stillhouse.train;

import java.io.Serializable;
import java.util.List;

/**
 * How the optimiser is driven. Everything that decides the resulting weights, beside the student,
 * the losses and the data.
 *
 * @param epochs passes over the samples
 * @param batch samples of a step over all ranks
 * @param learningRate the peak, after the warm-up, of phases that name none of their own
 * @param weightDecay decoupled, on tensors of two and more dimensions
 * @param warmupSteps steps over which the learning rate rises linearly, likewise
 * @param clipNorm the largest global gradient norm; infinity leaves gradients alone
 * @param accumulation parts in which a rank's share of a step passes through the student, one after
 *     the other: memory of one part, gradients of all
 * @param averageDecay of the {@link WeightAverage}; 0 for none
 * @param seed of the initial weights and of every draw
 * @param phases one after the other, at least one; their epochs are the plan's
 */
public record TrainingPlan(
    int epochs,
    int batch,
    double learningRate,
    double weightDecay,
    int warmupSteps,
    double clipNorm,
    int accumulation,
    double averageDecay,
    long seed,
    List<Phase> phases)
    implements Serializable {
  private static final long serialVersionUID = 2L;

  /**
   * A stretch of a run with an optimiser and a schedule of its own.
   *
   * @param learningRate the peak, after the warm-up
   */
  public record Phase(int epochs, double learningRate, int warmupSteps) implements Serializable {
    private static final long serialVersionUID = 1L;

    public Phase {
      require(epochs >= 1, "epochs", epochs, ">= 1");
      require(learningRate > 0 && Double.isFinite(learningRate), "lr", learningRate, "> 0");
      require(warmupSteps >= 0, "warmup", warmupSteps, ">= 0");
    }
  }

  public TrainingPlan {
    phases = List.copyOf(phases);
    require(epochs >= 1, "epochs", epochs, ">= 1");
    require(batch >= 1, "batch", batch, ">= 1");
    require(learningRate > 0 && Double.isFinite(learningRate), "lr", learningRate, "> 0");
    require(weightDecay >= 0 && weightDecay < 1, "weightDecay", weightDecay, "in [0, 1)");
    require(warmupSteps >= 0, "warmup", warmupSteps, ">= 0");
    require(clipNorm > 0, "clipNorm", clipNorm, "> 0");
    require(accumulation >= 1, "accumulation", accumulation, ">= 1");
    require(averageDecay >= 0 && averageDecay < 1, "ema", averageDecay, "in [0, 1)");
    int inPhases = phases.stream().mapToInt(Phase::epochs).sum();
    require(inPhases == epochs, "epochs of the phases", inPhases, "the plan's " + epochs);
  }

  /** In one phase. */
  public TrainingPlan(
      int epochs,
      int batch,
      double learningRate,
      double weightDecay,
      int warmupSteps,
      double clipNorm,
      int accumulation,
      double averageDecay,
      long seed) {
    this(
        epochs,
        batch,
        learningRate,
        weightDecay,
        warmupSteps,
        clipNorm,
        accumulation,
        averageDecay,
        seed,
        List.of(new Phase(epochs, learningRate, warmupSteps)));
  }

  /** In one phase and one part, without an average of the weights. */
  public TrainingPlan(
      int epochs,
      int batch,
      double learningRate,
      double weightDecay,
      int warmupSteps,
      double clipNorm,
      long seed) {
    this(epochs, batch, learningRate, weightDecay, warmupSteps, clipNorm, 1, 0, seed);
  }

  /** The index of the phase that an epoch is of. */
  int phaseOf(int epoch) {
    require(epoch >= 0 && epoch < epochs, "epoch", epoch, "in [0, " + epochs + ")");
    int phase = 0;
    while (epoch >= firstEpoch(phase + 1)) {
      phase++;
    }
    return phase;
  }

  /** The first epoch of the phase of this index; the plan's epochs past the last. */
  public int firstEpoch(int phase) {
    return phases.subList(0, phase).stream().mapToInt(Phase::epochs).sum();
  }

  private static void require(boolean holds, String name, Object value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid " + name + ": " + value + " (must be " + rule + ")");
    }
  }
}
