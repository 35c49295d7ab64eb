package stillhouse.jobs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import stillhouse.metrics.Metric;
import stillhouse.predict.CascadePoint;
import stillhouse.predict.Uncertainty;
import stillhouse.report.CurvePlot;

/**
 * What a cascade of a student and its teacher comes to.
 *
 * @param validation the split that thresholds were found on
 * @param split the one that is reported
 * @param alone the student's answers about all of its images
 * @param teacher the teacher's
 * @param studentMillis for an image, of the ONNX file's run
 * @param teacherMillis for an image, of preprocessing and encoder
 */
record CascadeReport(
    String run,
    String validation,
    String split,
    CascadeTarget target,
    CascadePoint alone,
    CascadePoint teacher,
    double studentMillis,
    double teacherMillis,
    List<Line> lines) {
  CascadeReport {
    lines = List.copyOf(lines);
  }

  /**
   * One reading.
   *
   * @param found the curve on the validation split
   * @param reported the same thresholds on the reported one
   * @param chosen the operating point, of {@code found}; empty where the target is out of reach
   * @param there the same threshold, of {@code reported}
   */
  record Line(
      Uncertainty by,
      List<CascadePoint> found,
      List<CascadePoint> reported,
      Optional<CascadePoint> chosen,
      Optional<CascadePoint> there) {}

  /** For a console. */
  String text() {
    TextTable table =
        new TextTable(
            "who answers",
            "threshold",
            "by the teacher",
            "IoU",
            "boundary IoU",
            "Dice",
            "ms/image");
    row(table, "student alone", "-", alone);
    for (Line line : lines) {
      line.there().ifPresent(p -> row(table, "cascade by " + line.by().word(), threshold(p), p));
    }
    row(table, "teacher alone", "-", teacher);
    List<String> parts = new ArrayList<>();
    parts.add(
        "%s, split %s, %d images; thresholds found on split %s, where %s"
            .formatted(run, split, alone.images(), validation, target.told()));
    parts.add("");
    parts.add(table.text().stripTrailing());
    for (Line line : lines) {
      if (line.chosen().isEmpty()) {
        parts.add(
            "cascade by %s: no threshold reaches %s on split %s"
                .formatted(line.by().word(), target.told(), validation));
      }
    }
    parts.add("");
    if (gainless(Metric.IOU) && gainless(Metric.BOUNDARY_IOU)) {
      parts.add(
          "The teacher alone is no better than the student on split %s: there is little for a cascade to gain."
              .formatted(split));
    }
    parts.add(
        "ms/image is of this machine: every image is shown to the student (%s), some to the teacher too (%s)."
            .formatted(millis(studentMillis), millis(teacherMillis)));
    return String.join(System.lineSeparator(), parts);
  }

  private boolean gainless(Metric metric) {
    return teacher.mean(metric).orElse(0) <= alone.mean(metric).orElse(0);
  }

  private void row(TextTable table, String name, String threshold, CascadePoint at) {
    double cost = at == teacher ? teacherMillis : at.millis(studentMillis, teacherMillis);
    table.add(
        name,
        threshold,
        String.format(Locale.ROOT, "%.1f %%", 100 * at.teacherShare()),
        mean(at, Metric.IOU),
        mean(at, Metric.BOUNDARY_IOU),
        mean(at, Metric.DICE),
        millis(cost));
  }

  private static String threshold(CascadePoint at) {
    return String.format(Locale.ROOT, "%.5f", at.threshold());
  }

  private static String millis(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static String mean(CascadePoint at, Metric metric) {
    var mean = at.mean(metric);
    return mean.isPresent() ? String.format(Locale.ROOT, "%.4f", mean.getAsDouble()) : "-";
  }

  /** Names for a metric table. */
  Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (Line line : lines) {
      String prefix = "cascade/" + split + "/" + line.by().word() + "/";
      line.there()
          .ifPresent(
              at -> {
                metrics.put(prefix + "threshold", at.threshold());
                metrics.put(prefix + "student_share", at.studentShare());
                metrics.put(prefix + "ms_per_image", at.millis(studentMillis, teacherMillis));
                for (Metric metric : Metric.values()) {
                  at.mean(metric).ifPresent(v -> metrics.put(prefix + metric.key(), v));
                }
              });
    }
    return metrics;
  }

  /** Both curves of each reading, and the operating point. */
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("run", run);
    json.put("validation", validation);
    json.put("split", split);
    json.put("target", target.told());
    json.put("studentMillis", studentMillis);
    json.put("teacherMillis", teacherMillis);
    json.put("student", point(alone));
    json.put("teacher", point(teacher));
    for (Line line : lines) {
      Map<String, Object> reading = new LinkedHashMap<>();
      line.there().ifPresent(at -> reading.put("operatingPoint", point(at)));
      reading.put(validation, line.found().stream().map(CascadeReport::point).toList());
      reading.put(split, line.reported().stream().map(CascadeReport::point).toList());
      json.put(line.by().word(), reading);
    }
    return json;
  }

  private static Map<String, Object> point(CascadePoint at) {
    Map<String, Object> point = new LinkedHashMap<>();
    point.put("threshold", at.threshold());
    point.put("images", at.images());
    point.put("asked", at.asked());
    for (Metric metric : Metric.values()) {
      at.mean(metric).ifPresent(value -> point.put(metric.key(), value));
    }
    return point;
  }

  /** IoU and boundary IoU over the share of images that the teacher answers. */
  byte[] picture() {
    return CurvePlot.png(
        "%s and its teacher, split %s".formatted(run, split),
        "share of images that the teacher answers",
        List.of(panel("IoU", Metric.IOU), panel("boundary IoU", Metric.BOUNDARY_IOU)),
        List.of(
            "dots: thresholds found on split %s, where %s".formatted(validation, target.told()),
            "dashed: from the student alone to the teacher alone, about what images drawn at random give"));
  }

  private CurvePlot.Panel panel(String title, Metric metric) {
    return new CurvePlot.Panel(
        title,
        List.of(at(alone, metric), at(teacher, metric)),
        lines.stream().map(line -> curve(line, metric)).toList());
  }

  private static CurvePlot.Curve curve(Line line, Metric metric) {
    List<CurvePlot.Point> points = new ArrayList<>();
    for (int i = line.reported().size() - 1; i >= 0; i--) { // thresholds fall as the share grows
      points.add(at(line.reported().get(i), metric));
    }
    return new CurvePlot.Curve(
        line.by().word(), points, line.there().map(p -> at(p, metric)).stream().toList());
  }

  private static CurvePlot.Point at(CascadePoint point, Metric metric) {
    return new CurvePlot.Point(point.teacherShare(), point.mean(metric).orElse(Double.NaN));
  }
}
