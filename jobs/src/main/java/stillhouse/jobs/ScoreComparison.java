package stillhouse.jobs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import stillhouse.conf.ConfigException;
import stillhouse.metrics.ClassCounts;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedBootstrap.Difference;
import stillhouse.metrics.PairedDraws;

/**
 * One score held against another of the same split, images and classes: candidate − baseline, with
 * intervals over image groups. Two scores say nothing of seeds.
 *
 * @param rows the mean over classes, then each class, then the foreground; a metric that one side
 *     does not define is left out
 */
record ScoreComparison(RunPairs.Pair pair, Map<String, Map<Metric, Difference>> rows) {
  static final String MEAN = "(mean)"; // no class is named so
  static final String FOREGROUND = "(foreground)";

  /** Said where a comparison of recipes has its figures over seeds. */
  static final String OF_SEEDS =
      "two scores, not recipes: nothing is said of other seeds (--baseline and --candidate compare recipes over theirs)";

  /**
   * @param classes 1…K
   * @throws ConfigException where no image has a pixel of what is scored
   */
  static ScoreComparison of(RunPairs.Pair pair, List<String> classes, PairedDraws draws) {
    Map<String, Map<Metric, Difference>> rows = new LinkedHashMap<>();
    rows.put(MEAN, RunDraws.differences(pair, draws).differences());
    for (int c = 1; c <= classes.size(); c++) {
      rows.put(classes.get(c - 1), ofClass(draws, c));
    }
    rows.put(FOREGROUND, ofClass(draws, ClassCounts.FOREGROUND));
    return new ScoreComparison(pair, rows);
  }

  private static Map<Metric, Difference> ofClass(PairedDraws draws, int classId) {
    Map<Metric, Difference> differences = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      PairedBootstrap.difference(draws, metric, classId)
          .ifPresent(found -> differences.put(metric, found));
    }
    return differences;
  }

  private int groups() {
    return rows.get(MEAN).get(Metric.IOU).groups();
  }

  /** A sentence for each run that is scored on the images that it was chosen on. */
  List<String> flattered() {
    return Stream.of(pair.baseline(), pair.candidate())
        .flatMap(run -> run.flattered().stream())
        .distinct()
        .toList();
  }

  String text() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%n%s − %s%s: split %s, %d groups of images"
            .formatted(
                pair.candidate().name(),
                pair.baseline().name(),
                pair.equalWork() ? "" : " (UNEQUAL: their steps or batches differ)",
                pair.baseline().score().split(),
                groups()));
    Stream.of(pair.candidate(), pair.baseline())
        .forEach(run -> lines.add("  " + run.name() + ": " + run.made()));
    List<String> head = new ArrayList<>(List.of("class"));
    Arrays.stream(Metric.values()).map(Metric::key).forEach(head::add);
    var table = new TextTable(head.toArray(String[]::new));
    rows.forEach((name, differences) -> table.add(cells(name, differences)));
    lines.add(table.text().stripTrailing());
    lines.add("over seeds: " + OF_SEEDS);
    flattered().forEach(sentence -> lines.add("  " + sentence));
    return String.join(System.lineSeparator(), lines);
  }

  private static Object[] cells(String name, Map<Metric, Difference> differences) {
    List<String> cells = new ArrayList<>(List.of(name));
    for (Metric metric : Metric.values()) {
      cells.add(
          Optional.ofNullable(differences.get(metric))
              .map(RecipeComparison::interval)
              .orElse("not defined"));
    }
    return cells.toArray();
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("baseline", pair.baseline().name());
    map.put("candidate", pair.candidate().name());
    map.put("split", pair.baseline().score().split());
    map.put("baseline_made", pair.baseline().made());
    map.put("candidate_made", pair.candidate().made());
    map.put("equal_work", pair.equalWork());
    map.put("groups", groups());
    Map<String, Object> differences = new LinkedHashMap<>();
    rows.forEach(
        (name, row) -> {
          Map<String, Object> each = new LinkedHashMap<>();
          for (Metric metric : Metric.values()) {
            if (row.containsKey(metric)) {
              each.put(metric.key(), RecipeComparison.flat(row.get(metric)));
            }
          }
          differences.put(name, each);
        });
    map.put("differences", differences);
    return map;
  }
}
