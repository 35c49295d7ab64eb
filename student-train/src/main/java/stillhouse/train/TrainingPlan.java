package stillhouse.train;

import java.io.Serializable;

/**
 * How the optimiser is driven. Everything that decides the resulting weights, beside the student,
 * the losses and the data.
 *
 * @param epochs passes over the samples
 * @param batch samples of a step over all ranks
 * @param learningRate the peak, after the warm-up
 * @param weightDecay decoupled, on tensors of two and more dimensions
 * @param warmupSteps steps over which the learning rate rises linearly
 * @param clipNorm the largest global gradient norm; infinity leaves gradients alone
 * @param accumulation parts in which a rank's share of a step passes through the student, one after
 *     the other: memory of one part, gradients of all
 * @param averageDecay of the {@link WeightAverage}; 0 for none
 * @param seed of the initial weights and of every draw
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
    long seed)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  public TrainingPlan {
    require(epochs >= 1, "epochs", epochs, ">= 1");
    require(batch >= 1, "batch", batch, ">= 1");
    require(learningRate > 0 && Double.isFinite(learningRate), "lr", learningRate, "> 0");
    require(weightDecay >= 0 && weightDecay < 1, "weightDecay", weightDecay, "in [0, 1)");
    require(warmupSteps >= 0, "warmup", warmupSteps, ">= 0");
    require(clipNorm > 0, "clipNorm", clipNorm, "> 0");
    require(accumulation >= 1, "accumulation", accumulation, ">= 1");
    require(averageDecay >= 0 && averageDecay < 1, "ema", averageDecay, "in [0, 1)");
  }

  /** In one part, without an average of the weights. */
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

  private static void require(boolean holds, String name, Object value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid " + name + ": " + value + " (must be " + rule + ")");
    }
  }
}
