package stillhouse.jobs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import stillhouse.data.DatasetConfig;

/**
 * The table at the end: the teacher and every student, side by side.
 *
 * @param leftOut labelled images of the split that no model was scored on, by reason
 */
record Summary(DatasetConfig dataset, String split, List<Score> scores, Map<String, Long> leftOut) {

  String text() {
    int width = Math.max(8, scores.stream().mapToInt(s -> s.name().length()).max().orElse(0));
    String row = "%-" + width + "s  %6s  %12s  %6s  %11s  %12s  %9s";
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        String.format(
            row, "model", "IoU", "boundary IoU", "Dice", "parameters", "ONNX bytes", "ms/image"));
    for (Score s : scores) {
      lines.add(
          String.format(
              row,
              s.name(),
              share(s, "iou"),
              share(s, "boundary_iou"),
              share(s, "dice"),
              s.parameters() == null ? "-" : String.format(Locale.ROOT, "%,d", s.parameters()),
              String.format(Locale.ROOT, "%,d", s.bytes()),
              String.format(Locale.ROOT, "%.1f", s.millis())));
    }
    lines.add(
        String.format(
            "%nMeans over the %d classes of %s, split %s, %.0f images, masks compared at the images' own size.",
            dataset.classes().size(),
            dataset.name(),
            split,
            scores.isEmpty() ? 0 : scores.get(0).metrics().get("images")));
    leftOut.forEach(
        (reason, images) ->
            lines.add("Left out of split " + split + ": " + images + " images, " + reason));
    scores.stream()
        .filter(s -> !s.supervision().isEmpty())
        .forEach(s -> lines.add(s.name() + ": " + s.supervision()));
    scores.stream()
        .map(Score::tensorrt)
        .filter(t -> !t.isEmpty())
        .distinct()
        .forEach(t -> lines.add("tensorrt: " + t));
    return String.join(System.lineSeparator(), lines);
  }

  void write(Path file, Coverage coverage, String mlflow) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("dataset", dataset.name());
    json.put("split", split);
    json.put("classes", dataset.classes());
    json.put("ranks", scores.stream().mapToInt(Score::ranks).max().orElse(0));
    json.putAll(coverage.toMap());
    json.put("images_left_out", leftOut);
    json.put("mlflow", mlflow);
    json.put("models", scores.stream().map(Summary::flat).toList());
    JsonFiles.write(file, json);
  }

  private static Map<String, Object> flat(Score s) {
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
    m.put("tensorrt", s.tensorrt());
    m.put("mlflow_run", s.mlflowRun());
    return m;
  }

  /** A metric that isn't defined, since no class was there, is a dash and not a zero. */
  private static String share(Score score, String metric) {
    Double value = score.metrics().get(metric);
    return value == null ? "-" : String.format(Locale.ROOT, "%.4f", value);
  }
}
