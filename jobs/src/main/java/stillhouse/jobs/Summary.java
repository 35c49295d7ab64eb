package stillhouse.jobs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import stillhouse.canary.Verdict;
import stillhouse.data.DatasetConfig;

/**
 * The table at the end: the teacher and every student, side by side.
 *
 * @param leftOut labelled images of the split that no model was scored on, by reason
 * @param flattered a sentence, by model, for each that is scored on the images that it was chosen
 *     on
 * @param canaries what the canary found, by model, of those of other precisions than FP32; of one
 *     that has no score, why
 */
record Summary(
    DatasetConfig dataset,
    String split,
    List<Score> scores,
    Map<String, Long> leftOut,
    Map<String, String> flattered,
    Map<String, Verdict> canaries) {
  /** Draws of fewer image groups than these give intervals that are too narrow. */
  private static final int FEW_GROUPS = 20;

  String text() {
    TextTable table =
        new TextTable(
            "model",
            "IoU",
            "boundary IoU",
            "Dice",
            "boundary AP",
            "parameters",
            "ONNX bytes",
            "ms/image");
    for (Score s : scores) {
      table.add(
          s.name(),
          share(s, "iou"),
          share(s, "boundary_iou"),
          share(s, "dice"),
          share(s, "boundary_ap"),
          s.parameters() == null ? "-" : String.format(Locale.ROOT, "%,d", s.parameters()),
          s.isOfPredictions() ? "-" : String.format(Locale.ROOT, "%,d", s.bytes()),
          s.isOfPredictions() ? "-" : String.format(Locale.ROOT, "%.1f", s.millis()));
    }
    unscored()
        .forEach((name, canary) -> table.add(name, "not scored", "-", "-", "-", "-", "-", "-"));
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(table.text().stripTrailing());
    lines.add(
        String.format(
            "%nMeans over the %d classes of %s, split %s, %.0f images, masks compared at the"
                + " images' own size.",
            dataset.classes().size(),
            dataset.name(),
            split,
            scores.isEmpty() ? 0 : scores.get(0).metrics().get("images")));
    scores.stream()
        .mapToDouble(s -> s.metrics().getOrDefault("groups", 0.0))
        .filter(groups -> groups > 0)
        .max()
        .ifPresent(groups -> lines.add(intervals(groups)));
    leftOut.forEach(
        (reason, images) ->
            lines.add("Left out of split " + split + ": " + images + " images, " + reason));
    scores.stream()
        .filter(s -> !s.supervision().isEmpty())
        .forEach(s -> lines.add(s.name() + ": " + s.supervision()));
    lines.addAll(flattered.values());
    canaries.forEach((name, verdict) -> lines.addAll(canary(name, verdict)));
    scores.stream()
        .map(Score::tensorrt)
        .filter(t -> !t.isEmpty())
        .distinct()
        .forEach(t -> lines.add("tensorrt: " + t));
    return String.join(System.lineSeparator(), lines);
  }

  private static String intervals(double groups) {
    String drawn =
        String.format(
            Locale.ROOT,
            "[low, high]: 95 %% of %d draws of the %.0f image groups; they say nothing of other"
                + " seeds.",
            RunDraws.BOOTSTRAP.resamples(),
            groups);
    return groups < FEW_GROUPS
        ? drawn + " Of so few groups they are too narrow: take nothing of this table for settled."
        : drawn;
  }

  /** Of what the canary found that there can be no score. */
  private Map<String, Verdict> unscored() {
    Map<String, Verdict> unscored = new LinkedHashMap<>(canaries);
    scores.forEach(score -> unscored.remove(score.name()));
    return unscored;
  }

  private static List<String> canary(String name, Verdict verdict) {
    return verdict.passed()
        ? List.of(name + ": canary: passed")
        : verdict.failed().stream()
            .map(
                check -> "%s: canary: FAILED %s: %s".formatted(name, check.name(), check.figures()))
            .toList();
  }

  void write(Path file, Coverage coverage, StrataTable strata, String mlflow) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("dataset", dataset.name());
    json.put("split", split);
    json.put("classes", dataset.classes());
    json.put("ranks", scores.stream().mapToInt(Score::ranks).max().orElse(0));
    json.putAll(coverage.toMap());
    json.put("images_left_out", leftOut);
    json.put("mlflow", mlflow);
    json.put("strata", strata.toList());
    json.put("models", scores.stream().map(this::flat).toList());
    Map<String, String> notScored = new LinkedHashMap<>();
    unscored().forEach((name, canary) -> notScored.put(name, canary.summary()));
    json.put("not_scored", notScored);
    JsonFiles.write(file, json);
  }

  private Map<String, Object> flat(Score s) {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("name", s.name());
    m.put("kind", s.kind());
    m.put("recipe", s.recipe());
    m.put("student", s.student());
    m.put("seed", s.seed());
    m.put("labels", s.labels());
    m.putAll(s.metrics());
    m.put("parameters", s.parameters());
    m.put("onnx_bytes", s.bytes());
    m.put("ms_per_image", s.millis());
    m.put("supervision", s.supervision());
    m.put("chosen_on_scored_split", flattered.containsKey(s.name()));
    m.put("tensorrt", s.tensorrt());
    Optional.ofNullable(canaries.get(s.name())).ifPresent(v -> m.put("canary", v.summary()));
    m.put("mlflow_run", s.mlflowRun());
    return m;
  }

  /**
   * With its interval, where the score is of since there were any. A metric that isn't defined,
   * since no class was there, is a dash and not a zero.
   */
  private static String share(Score score, String metric) {
    Double value = score.metrics().get(metric);
    Double low = score.metrics().get(metric + RunDraws.LOW);
    Double high = score.metrics().get(metric + RunDraws.HIGH);
    if (value == null) {
      return "-";
    }
    return low == null || high == null
        ? String.format(Locale.ROOT, "%.4f", value)
        : String.format(Locale.ROOT, "%.4f [%.3f, %.3f]", value, low, high);
  }
}
