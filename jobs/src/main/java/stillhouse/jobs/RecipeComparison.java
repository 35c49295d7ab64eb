package stillhouse.jobs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Difference;

/**
 * One recipe held against another, for one student, share of labels and split.
 *
 * @param seeds at least one
 */
record RecipeComparison(
    String baseline,
    String candidate,
    String student,
    double labels,
    String split,
    List<Seed> seeds) {
  /** One pair of runs; differences are candidate − baseline. */
  record Seed(RunPairs.Pair pair, Map<Metric, Difference> differences) {}

  SeedSpread spread(Metric metric) {
    return SeedSpread.of(
        seeds.stream().mapToDouble(s -> s.differences().get(metric).observed()).toArray());
  }

  /** Whether both sides of every pair took as many steps, of as many samples. */
  boolean equalWork() {
    return seeds.stream().allMatch(s -> s.pair().equalWork());
  }

  /** A sentence for each run that is scored on the images that it was chosen on. */
  List<String> flattered() {
    return seeds.stream()
        .flatMap(s -> Stream.of(s.pair().baseline(), s.pair().candidate()))
        .flatMap(run -> run.flattered().stream())
        .distinct()
        .toList();
  }

  private String terms(Function<RunPairs.Pair, EvaluatedRun> side) {
    return seeds.stream()
        .map(s -> side.apply(s.pair()).made())
        .distinct()
        .collect(Collectors.joining("; "));
  }

  String text() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            "%n%s − %s%s: student %s, labels %s, split %s",
            candidate,
            baseline,
            equalWork() ? "" : " (UNEQUAL: their steps or batches differ)",
            student,
            labels,
            split));
    lines.add("  " + candidate + ": " + terms(RunPairs.Pair::candidate));
    lines.add("  " + baseline + ": " + terms(RunPairs.Pair::baseline));
    lines.add(row("seed", "groups", Arrays.stream(Metric.values()).map(Metric::key).toList()));
    for (Seed seed : seeds) {
      Map<Metric, Difference> d = seed.differences();
      lines.add(
          row(
              String.valueOf(seed.pair().seed()),
              String.valueOf(d.get(Metric.IOU).groups()),
              d.values().stream().map(RecipeComparison::interval).toList()));
    }
    List<SeedSpread> spreads = Arrays.stream(Metric.values()).map(this::spread).toList();
    lines.add(row("mean", "", spreads.stream().map(RecipeComparison::mean).toList()));
    lines.add(
        row(
            "range",
            "",
            spreads.stream().map(s -> signed(s.min()) + " … " + signed(s.max())).toList()));
    flattered().forEach(sentence -> lines.add("  " + sentence));
    return String.join(System.lineSeparator(), lines);
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("baseline", baseline);
    map.put("candidate", candidate);
    map.put("student", student);
    map.put("labels", labels);
    map.put("split", split);
    map.put("equal_work", equalWork());
    map.put("seeds", seeds.stream().map(RecipeComparison::flat).toList());
    Map<String, Object> over = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      over.put(metric.key(), flat(spread(metric)));
    }
    map.put("over_seeds", over);
    return map;
  }

  private static Map<String, Object> flat(Seed seed) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("seed", seed.pair().seed());
    map.put("baseline_run", seed.pair().baseline().name());
    map.put("candidate_run", seed.pair().candidate().name());
    map.put("baseline_terms", seed.pair().baseline().terms().toMap());
    map.put("candidate_terms", seed.pair().candidate().terms().toMap());
    seed.differences().forEach((metric, d) -> map.put(metric.key(), flat(d)));
    return map;
  }

  static Map<String, Object> flat(Difference d) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("difference", d.observed());
    map.put("low", d.low());
    map.put("high", d.high());
    map.put("groups", d.groups());
    map.put("draws", d.draws());
    return map;
  }

  static Map<String, Object> flat(SeedSpread spread) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("seeds", spread.seeds());
    map.put("mean", spread.mean());
    map.put("min", spread.min());
    map.put("max", spread.max());
    if (spread.margin().isPresent()) {
      map.put("low", spread.mean() - spread.margin().getAsDouble());
      map.put("high", spread.mean() + spread.margin().getAsDouble());
    }
    return map;
  }

  private static String row(String seed, String groups, List<String> cells) {
    StringBuilder row = new StringBuilder(String.format("%-6s  %6s", seed, groups));
    cells.forEach(c -> row.append(String.format("  %-27s", c)));
    return row.toString().stripTrailing();
  }

  static String interval(Difference d) {
    return signed(d.observed()) + " [" + signed(d.low()) + ", " + signed(d.high()) + "]";
  }

  private static String mean(SeedSpread s) {
    return s.margin().isPresent()
        ? signed(s.mean()) + String.format(Locale.ROOT, " ± %.4f", s.margin().getAsDouble())
        : signed(s.mean());
  }

  static String signed(double value) {
    return String.format(Locale.ROOT, "%+.4f", value);
  }
}
