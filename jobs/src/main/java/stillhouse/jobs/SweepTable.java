package stillhouse.jobs;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedBootstrap.Difference;
import stillhouse.metrics.PairedDraws;

/**
 * What a sweep found.
 *
 * @param facts data set, teacher and the like, in words, by what they are
 * @param teacher the cached answers' score, where the teacher gives any
 */
record SweepTable(
    SweepConfig config, Map<String, String> facts, Optional<Score> teacher, List<Row> rows) {
  /**
   * One student, run and share of labels over the sweep's seeds.
   *
   * @param versus the baseline; empty for the baseline itself, and where no seed has both
   * @param unpaired a sentence for each run that can't be held against the baseline's
   */
  record Row(
      SweepCell cell,
      List<SweepOutcome.Done> done,
      List<SweepOutcome.Failed> failed,
      Optional<Versus> versus,
      List<String> unpaired) {
    /** Over the seeds that have a value; empty where none has. */
    Optional<SeedSpread> spread(Metric metric) {
      double[] values =
          done.stream()
              .map(d -> d.score().metrics().get(metric.key()))
              .filter(Objects::nonNull)
              .mapToDouble(Double::doubleValue)
              .toArray();
      return values.length == 0 ? Optional.empty() : Optional.of(SeedSpread.of(values));
    }

    /** Seconds that a training took, over those of which they are known. */
    OptionalDouble seconds() {
      return done.stream().mapToDouble(d -> d.record().seconds()).filter(s -> s > 0).average();
    }

    /** Trainings of which they are not known: an older version trained some of their steps. */
    List<String> untimed() {
      return done.stream()
          .filter(d -> d.record().seconds() == 0)
          .map(d -> d.trial().name())
          .toList();
    }

    boolean equalWork() {
      return versus.stream().allMatch(v -> v.comparison().equalWork());
    }
  }

  /**
   * This line minus the baseline's, seed by seed.
   *
   * @param images the mean over the seeds, with its interval over groups of images
   */
  record Versus(RecipeComparison comparison, Map<Metric, Difference> images) {}

  /**
   * @param draws of a pair, the same groups for each
   */
  static SweepTable of(
      SweepGrid grid,
      List<SweepOutcome> outcomes,
      Map<String, String> facts,
      Optional<Score> teacher,
      Function<RunPairs.Pair, PairedDraws> draws) {
    List<Row> rows = new ArrayList<>();
    for (SweepCell cell : grid.cells()) {
      List<SweepOutcome.Done> done = done(outcomes, cell);
      SweepCell baseline = grid.baseline(cell);
      List<SweepOutcome.Done> base = done(outcomes, baseline);
      Optional<Versus> versus =
          cell.equals(baseline)
              ? Optional.empty()
              : versus(grid.config(), cell, pairs(base, done), draws);
      rows.add(new Row(cell, done, failed(outcomes, cell), versus, unpaired(base, done)));
    }
    return new SweepTable(grid.config(), facts, teacher, List.copyOf(rows));
  }

  private static List<SweepOutcome.Done> done(List<SweepOutcome> outcomes, SweepCell cell) {
    return outcomes.stream()
        .filter(o -> o.trial().cell().equals(cell))
        .filter(SweepOutcome.Done.class::isInstance)
        .map(SweepOutcome.Done.class::cast)
        .toList();
  }

  private static List<SweepOutcome.Failed> failed(List<SweepOutcome> outcomes, SweepCell cell) {
    return outcomes.stream()
        .filter(o -> o.trial().cell().equals(cell))
        .filter(SweepOutcome.Failed.class::isInstance)
        .map(SweepOutcome.Failed.class::cast)
        .toList();
  }

  private static List<RunPairs.Pair> pairs(
      List<SweepOutcome.Done> baseline, List<SweepOutcome.Done> candidate) {
    List<RunPairs.Pair> pairs = new ArrayList<>();
    for (SweepOutcome.Done run : candidate) {
      baseline.stream()
          .filter(b -> b.trial().seed() == run.trial().seed() && !b.judgedUnlike(run))
          .forEach(b -> pairs.add(new RunPairs.Pair(b.evaluated(), run.evaluated())));
    }
    pairs.forEach(pair -> pair.require(true)); // unequal work is said in the table
    return pairs;
  }

  private static List<String> unpaired(
      List<SweepOutcome.Done> baseline, List<SweepOutcome.Done> candidate) {
    List<String> unpaired = new ArrayList<>();
    for (SweepOutcome.Done run : candidate) {
      baseline.stream()
          .filter(b -> b.trial().seed() == run.trial().seed() && b.judgedUnlike(run))
          .forEach(b -> unpaired.add(unlike(b, run)));
    }
    return unpaired;
  }

  private static String unlike(SweepOutcome.Done baseline, SweepOutcome.Done run) {
    return "%s is not held against %s: it was trained by version %d of the verdicts, the other by %d. Remove the two folders of the older and run the sweep again."
        .formatted(
            run.trial().name(), baseline.trial().name(), run.verdicts(), baseline.verdicts());
  }

  private static Optional<Versus> versus(
      SweepConfig config,
      SweepCell cell,
      List<RunPairs.Pair> pairs,
      Function<RunPairs.Pair, PairedDraws> draws) {
    if (pairs.isEmpty()) {
      return Optional.empty();
    }
    List<PairedDraws> drawn = pairs.stream().map(draws).toList();
    List<RecipeComparison.Seed> seeds = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i++) {
      seeds.add(RunDraws.differences(pairs.get(i), drawn.get(i)));
    }
    Map<Metric, Difference> images = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      images.put(metric, PairedBootstrap.meanDifference(drawn, metric));
    }
    return Optional.of(
        new Versus(
            new RecipeComparison(
                config.baseline(),
                cell.run(),
                cell.student().name(),
                cell.labels(),
                config.split(),
                seeds),
            images));
  }

  List<SweepOutcome.Failed> failures() {
    return rows.stream().flatMap(row -> row.failed().stream()).toList();
  }

  /** Trainings that were asked for. */
  int trials() {
    return rows.stream().mapToInt(row -> row.done().size() + row.failed().size()).sum();
  }

  boolean severalStudents() {
    return rows.stream().map(r -> r.cell().student().name()).distinct().count() > 1;
  }

  boolean severalShares() {
    return rows.stream().map(r -> r.cell().labels()).distinct().count() > 1;
  }

  String title(Row row) {
    return row.cell().title(severalStudents(), severalShares());
  }

  /** Means and differences by name, for MLflow: {@code full/iou}, {@code full/iou_difference}. */
  Map<String, Double> figures() {
    Map<String, Double> figures = new LinkedHashMap<>();
    for (Row row : rows) {
      String name = title(row).replace(" %", "").replace(' ', '_');
      for (Metric metric : config.metrics()) {
        row.spread(metric).ifPresent(s -> figures.put(name + "/" + metric.key(), s.mean()));
        row.versus()
            .ifPresent(
                v ->
                    figures.put(
                        name + "/" + metric.key() + "_difference",
                        v.images().get(metric).observed()));
      }
      row.seconds().ifPresent(s -> figures.put(name + "/seconds", s));
    }
    figures.put("runs/done", rows.stream().mapToDouble(r -> r.done().size()).sum());
    figures.put("runs/failed", (double) failures().size());
    return figures;
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("sweep", config.name());
    map.put("baseline", config.baseline());
    map.put("split", config.split());
    map.put("seeds", config.seeds());
    map.putAll(facts);
    map.put("resamples", RunDraws.BOOTSTRAP.resamples());
    map.put("over_images_interval", "95 % of paired draws of image groups of the mean over seeds");
    map.put("over_seeds_interval", SeedSpread.FORMULA);
    teacher.ifPresent(t -> map.put("teacher_metrics", t.metrics()));
    map.put("runs", rows.stream().map(this::flat).toList());
    return map;
  }

  private Map<String, Object> flat(Row row) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("run", row.cell().run());
    map.put("recipe", row.cell().source().getFileName().toString());
    map.put("student", row.cell().student().name());
    map.put("labels", row.cell().labels());
    for (Metric metric : Metric.values()) {
      row.spread(metric).ifPresent(s -> map.put(metric.key(), RecipeComparison.flat(s)));
    }
    row.seconds().ifPresent(s -> map.put("training_seconds", s));
    map.put("trained", row.done().stream().map(SweepTable::flat).toList());
    map.put("failed", row.failed().stream().map(SweepTable::flat).toList());
    row.versus().ifPresent(v -> map.put("versus_baseline", flat(v)));
    if (!row.unpaired().isEmpty()) {
      map.put("unpaired", row.unpaired());
    }
    return map;
  }

  private static Map<String, Object> flat(SweepOutcome.Done done) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("run", done.trial().name());
    map.put("seed", done.trial().seed());
    for (Metric metric : Metric.values()) {
      map.put(metric.key(), done.score().metrics().get(metric.key()));
    }
    map.put("terms", RunTerms.of(done.record()).toMap());
    if (done.record().seconds() > 0) {
      map.put("training_seconds", done.record().seconds());
    }
    if (done.verdicts() >= 0) {
      map.put("verdicts_version", done.verdicts());
    }
    map.put("mlflow_run", done.record().mlflowRun());
    return map;
  }

  private static Map<String, Object> flat(SweepOutcome.Failed failed) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("run", failed.trial().name());
    map.put("seed", failed.trial().seed());
    map.put("stage", failed.stage().name().toLowerCase(Locale.ROOT));
    map.put("reason", failed.reason());
    return map;
  }

  private static Map<String, Object> flat(Versus versus) {
    Map<String, Object> map = new LinkedHashMap<>();
    Map<String, Object> images = new LinkedHashMap<>();
    versus.images().forEach((m, d) -> images.put(m.key(), RecipeComparison.flat(d)));
    map.put("over_images", images);
    map.putAll(versus.comparison().toMap());
    return map;
  }
}
