package stillhouse.jobs;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import stillhouse.conf.ConfigFile;
import stillhouse.metrics.Metric;
import stillhouse.train.ReviewSettings;

/**
 * Runs by seeds from one cache, held against one of them. Read from {@code conf/sweeps/*.yaml},
 * whose allowed keys and ranges are in {@code /schema/sweep.json}.
 *
 * @param students names of conf/students, or files
 * @param labels shares of the training images whose labels count, for runs without one of their own
 * @param baseline name of the run that the others are paired with
 * @param split that is scored
 * @param verdicts whether verdicts change the weights of samples, as {@code train --verdicts};
 *     null: as each recipe says
 * @param review how students are held against the teacher while they train; null: as each recipe
 *     says
 * @param every what runs that say nothing else are trained with
 */
record SweepConfig(
    String name,
    String description,
    List<String> students,
    List<Long> seeds,
    List<Double> labels,
    Integer ranks,
    String split,
    List<Metric> metrics,
    Boolean verdicts,
    ReviewSettings review,
    Every every,
    String baseline,
    List<Run> runs) {
  private static final int DEFAULT_RANKS = 4;

  /** Of all runs; null: as each recipe says. The batch is one, so that steps are comparable. */
  record Every(Integer batch, Integer steps, Integer epochs, Double learningRate, Integer grid) {
    static final Every NOTHING = new Every(null, null, null, null, null);

    Every {
      requireOneLength("every", steps, epochs);
    }
  }

  /**
   * One line of the table for each student and share of labels; null: as {@link Every} says.
   *
   * @param labels this run's only share
   */
  record Run(
      String name,
      String recipe,
      Double labels,
      Integer steps,
      Integer epochs,
      Double learningRate,
      Integer grid) {
    Run {
      requireOneLength("runs, " + name, steps, epochs);
    }

    /** A length of its own, in steps or epochs, replaces the common one. */
    Every settings(Every every) {
      boolean own = steps != null || epochs != null;
      return new Every(
          every.batch(),
          own ? steps : every.steps(),
          own ? epochs : every.epochs(),
          learningRate == null ? every.learningRate() : learningRate,
          grid == null ? every.grid() : grid);
    }

    List<Double> shares(List<Double> common) {
      return labels == null ? common : List.of(labels);
    }
  }

  SweepConfig {
    description = description == null ? "" : description;
    labels = labels == null ? List.of(1.0) : List.copyOf(labels);
    ranks = ranks == null ? DEFAULT_RANKS : ranks;
    split = split == null ? "test" : split;
    metrics = metrics == null ? List.of(Metric.IOU, Metric.BOUNDARY_IOU) : List.copyOf(metrics);
    verdicts = verdicts != null && verdicts;
    every = every == null ? Every.NOTHING : every;
    requireNames(runs, baseline);
    for (Run run : runs) {
      for (double share : run.shares(labels)) {
        requireBaseline(run, share, baselineShare(runs, labels, baseline, share), labels, baseline);
      }
    }
  }

  /**
   * @throws stillhouse.conf.ConfigException naming the file, the key and what is allowed
   */
  static SweepConfig load(Path file) {
    return ConfigFile.load(file, SweepConfig.class, "/schema/sweep.json");
  }

  /** The share of labels of the baseline that a run of some share is paired with. */
  Optional<Double> baselineShare(double share) {
    return baselineShare(runs, labels, baseline, share);
  }

  private static Optional<Double> baselineShare(
      List<Run> runs, List<Double> labels, String baseline, double share) {
    Run base = runs.stream().filter(r -> r.name().equals(baseline)).findFirst().orElseThrow();
    return base.labels() == null
        ? labels.stream().filter(s -> s == share).findFirst()
        : Optional.of(base.labels());
  }

  private static void requireOneLength(String where, Integer steps, Integer epochs) {
    if (steps != null && epochs != null) {
      throw new IllegalArgumentException(
          "Invalid %s: steps %d and epochs %d (give one of the two)"
              .formatted(where, steps, epochs));
    }
  }

  private static void requireNames(List<Run> runs, String baseline) {
    Set<String> names = new HashSet<>();
    for (Run run : runs) {
      if (!names.add(run.name())) {
        throw new IllegalArgumentException(
            "Invalid runs: two are named " + run.name() + " (give each a name of its own)");
      }
    }
    if (!names.contains(baseline)) {
      throw new IllegalArgumentException(
          "Invalid baseline: %s (must be the name of a run: %s)"
              .formatted(baseline, runs.stream().map(Run::name).toList()));
    }
  }

  private static void requireBaseline(
      Run run, double share, Optional<Double> paired, List<Double> labels, String baseline) {
    if (paired.isEmpty()) {
      throw new IllegalArgumentException(
          "Invalid runs, %s: labels %s has no baseline (%s is trained with %s: add %s to the sweep's labels, or give the baseline labels of its own)"
              .formatted(run.name(), share, baseline, labels, share));
    }
  }
}
