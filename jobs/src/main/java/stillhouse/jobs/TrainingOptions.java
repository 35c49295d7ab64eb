package stillhouse.jobs;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.train.Recipe;

/**
 * What the command line may change of a recipe's training, and how it is spread over the cluster.
 */
final class TrainingOptions {
  @Option(names = "--epochs", description = "in place of the recipe's")
  private OptionalInt epochs = OptionalInt.empty();

  @Option(
      names = "--steps",
      description =
          "train for at least so many steps, in whole epochs: what makes runs on views of different size comparable")
  private OptionalInt steps = OptionalInt.empty();

  @Option(
      names = "--batch",
      description = "samples a step over all ranks, in place of the recipe's")
  private OptionalInt batch = OptionalInt.empty();

  @Option(names = "--learning-rate", description = "in place of the recipe's")
  private OptionalDouble learningRate = OptionalDouble.empty();

  @Option(
      names = "--labels",
      defaultValue = "1",
      description =
          "share of the training images whose labels count, by a hash of the sample (default: ${DEFAULT-VALUE})")
  private double labels;

  @Option(
      names = "--ranks",
      defaultValue = "4",
      description = "executors that train together (default: ${DEFAULT-VALUE})")
  private int ranks;

  double labels() {
    return labels;
  }

  int ranks() {
    return ranks;
  }

  Recipe apply(Recipe recipe) {
    require(labels > 0 && labels <= 1, "--labels", labels, "in (0, 1]");
    require(ranks >= 1, "--ranks", ranks, ">= 1");
    require(epochs.isEmpty() || epochs.getAsInt() >= 1, "--epochs", epochs, ">= 1");
    require(steps.isEmpty() || steps.getAsInt() >= 1, "--steps", steps, ">= 1");
    require(steps.isEmpty() || epochs.isEmpty(), "--steps", steps, "without --epochs");
    Recipe.Training training = recipe.training();
    int size = batch.orElse(training.batch());
    require(
        size >= 1 && size % ranks == 0, "--batch", size, "a multiple of the " + ranks + " ranks");
    Recipe.Optimizer optimizer = training.optimizer();
    double rate = learningRate.orElse(optimizer.learningRate());
    require(rate > 0, "--learning-rate", rate, "> 0");
    return recipe.withTraining(
        training
            .with(epochs.orElse(training.epochs()), size)
            .with(optimizer.withLearningRate(rate)));
  }

  /** Epochs of a recipe on a view whose epoch has so many steps. */
  int epochs(Recipe recipe, int stepsPerEpoch) {
    return steps.isPresent()
        ? (steps.getAsInt() + stepsPerEpoch - 1) / stepsPerEpoch
        : recipe.training().epochs();
  }

  private static void require(boolean holds, String option, Object value, String rule) {
    if (!holds) {
      throw new ConfigException("Invalid " + option + ": " + value + " (must be " + rule + ")");
    }
  }
}
