package stillhouse.jobs;

import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.train.Curriculum;
import stillhouse.train.Experiment;
import stillhouse.train.OptimizerSettings;
import stillhouse.train.Recipe;
import stillhouse.train.TrainingSettings;
import stillhouse.train.ValidationSettings;

/**
 * What the command line may change of a recipe's training, and how it is spread over the cluster.
 */
final class TrainingOptions {
  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "in place of the recipe's; phases take them in proportion")
  private Integer epochs;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description =
          "train for at least so many steps, in whole epochs: what makes runs on views of different size comparable")
  private Integer steps;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "samples a step over all ranks, in place of the recipe's")
  private Integer batch;

  @Option(
      names = "--accumulation",
      paramLabel = "N",
      description =
          "parts, at most, in which a rank's share of a step passes, one after the other, in the memory of one; in place of the recipe's")
  private Integer accumulation;

  @Option(
      names = "--learning-rate",
      paramLabel = "F",
      description = "in place of the recipe's; those of phases keep their ratio to it")
  private Double learningRate;

  @Option(
      names = "--grid",
      paramLabel = "CELLS",
      description =
          "cells along a side of the grid on which features are compared, in place of the recipe's alignment.grid")
  private Integer grid;

  @Option(
      names = "--labels",
      paramLabel = "F",
      defaultValue = "1",
      description =
          "share of the training images whose labels count, by a hash of the sample (default: ${DEFAULT-VALUE})")
  private double labels;

  @Option(
      names = "--ranks",
      paramLabel = "N",
      defaultValue = "4",
      description = "executors that train together (default: ${DEFAULT-VALUE})")
  private int ranks;

  @Option(
      names = "--partial",
      description = "train on what is cached, where the cache job has not reached every image yet")
  private boolean partial;

  @Option(
      names = "--validate-every",
      paramLabel = "EPOCHS",
      description =
          "score the student after every so many epochs, in FP32 and INT8, and keep the best checkpoint, which is what export ships; in place of the recipe's training.validation.everyEpochs")
  private Integer validateEvery;

  @Option(
      names = "--validate-split",
      paramLabel = "SPLIT",
      description =
          "train, val or test, in place of the recipe's (which is val where it names none)")
  private String validateSplit;

  @Option(
      names = "--patience",
      paramLabel = "LOOKS",
      description =
          "end a run after so many looks in a row without a better one (in boundary IoU, where the recipe names no metric), in place of the recipe's")
  private Integer patience;

  @Option(
      names = "--verdicts",
      description =
          "let what reviewers said of training images (review --verdicts) change their weights, as the recipe's curriculum says or by default")
  private boolean verdicts;

  @Mixin private final ReviewEveryOption review;

  TrainingOptions() {
    this(new ReviewEveryOption());
  }

  private TrainingOptions(ReviewEveryOption review) {
    this.review = review;
  }

  /**
   * Those of a file in place of the command line; null: as the recipe says.
   *
   * @param steps not beside epochs
   * @param verdicts whether verdicts are used
   * @param review how student and teacher are held against each other
   */
  static TrainingOptions of(
      Integer epochs,
      Integer steps,
      Integer batch,
      Double learningRate,
      Integer grid,
      double labels,
      int ranks,
      boolean partial,
      boolean verdicts,
      ReviewEveryOption review) {
    TrainingOptions options = new TrainingOptions(review);
    options.verdicts = verdicts;
    options.epochs = epochs;
    options.steps = steps;
    options.batch = batch;
    options.learningRate = learningRate;
    options.grid = grid;
    options.labels = labels;
    options.ranks = ranks;
    options.partial = partial;
    return options;
  }

  /** Whether a recipe's run uses verdicts: it is asked to, or its recipe says how. */
  boolean verdicts(Recipe recipe) {
    return verdicts || !recipe.curriculum().equals(Curriculum.DEFAULT);
  }

  double labels() {
    return labels;
  }

  boolean partial() {
    return partial;
  }

  int ranks() {
    return ranks;
  }

  /**
   * The recipe as it is trained.
   *
   * @throws ConfigException where it can't be trained so, or a file that a loss reads does not fit
   */
  Recipe apply(Recipe recipe) {
    require(labels > 0 && labels <= 1, "--labels", labels, "in (0, 1]");
    require(ranks >= 1, "--ranks", ranks, ">= 1");
    recipe.phases().forEach(phase -> phase.losses().requireFiles());
    require(epochs == null || epochs >= 1, "--epochs", epochs, ">= 1");
    require(steps == null || steps >= 1, "--steps", steps, ">= 1");
    require(steps == null || epochs == null, "--steps", steps, "without --epochs");
    TrainingSettings training = recipe.training();
    int size = Objects.requireNonNullElse(batch, training.batch());
    require(
        size >= 1 && size % ranks == 0, "--batch", size, "a multiple of the " + ranks + " ranks");
    require(
        accumulation == null || accumulation >= 1 && accumulation <= size / ranks,
        "--accumulation",
        accumulation,
        "1 to the %d samples of a rank's share of a step".formatted(size / ranks));
    OptimizerSettings optimizer = training.optimizer();
    double rate = Objects.requireNonNullElse(learningRate, optimizer.learningRate());
    require(rate > 0 && rate <= 1, "--learning-rate", rate, "> 0 and <= 1");
    int length = Objects.requireNonNullElse(epochs, training.epochs());
    require(grid == null || grid >= 1 && grid <= 1024, "--grid", grid, "1 to 1024");
    boolean compares = grid != null && Experiment.needsTeacher(recipe);
    Recipe aligned = compares ? recipe.with(recipe.name(), new Recipe.Alignment(grid)) : recipe;
    try {
      return aligned.withTraining(
          training
              .with(length, size)
              .inParts(accumulation == null ? training.accumulation() : accumulation)
              .with(optimizer.withLearningRate(rate))
              .with(
                  validation(training.validation()),
                  review.over(Optional.ofNullable(training.review())).orElse(null)));
    } catch (IllegalArgumentException e) { // a warm-up longer than the run, or more phases
      throw new ConfigException(
          "Cannot train by recipe %s for %d epochs: %s"
              .formatted(recipe.name(), length, e.getMessage()),
          e);
    }
  }

  /**
   * @param settings the recipe's; null: it has none
   */
  private ValidationSettings validation(ValidationSettings settings) {
    require(validateEvery == null || validateEvery >= 1, "--validate-every", validateEvery, ">= 1");
    require(patience == null || patience >= 1, "--patience", patience, ">= 1");
    if (validateSplit != null) {
      SplitOption.checked("--validate-split", validateSplit);
    }
    if (settings == null && validateEvery == null) {
      String rule = "beside --validate-every, or a recipe with training.validation";
      require(patience == null, "--patience", patience, rule);
      require(validateSplit == null, "--validate-split", validateSplit, rule);
      return null;
    }
    return settings == null
        ? new ValidationSettings(validateEvery, validateSplit, null, patience, null)
        : settings.with(validateEvery, validateSplit, patience);
  }

  /** Epochs of a recipe on a view whose epoch has so many steps. */
  int epochs(Recipe recipe, int stepsPerEpoch) {
    return steps == null
        ? recipe.training().epochs()
        : Math.max(recipe.phases().size(), 1 + (steps - 1) / stepsPerEpoch);
  }

  /** What a recipe's file doesn't say of a run's length; empty where it says all. */
  String length() {
    return steps == null
        ? ""
        : " Trained for at least %d steps in whole epochs: its epochs are not read."
            .formatted(steps);
  }

  private static void require(boolean holds, String option, Object value, String rule) {
    if (!holds) {
      throw new ConfigException("Invalid " + option + ": " + value + " (must be " + rule + ")");
    }
  }
}
