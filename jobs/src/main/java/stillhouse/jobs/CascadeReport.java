package stillhouse.jobs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import stillhouse.metrics.Metric;
import stillhouse.predict.Cascade;
import stillhouse.predict.CascadeCost;
import stillhouse.predict.CascadePoint;
import stillhouse.predict.Uncertainty;
import stillhouse.report.CurvePlot;

/**
 * What a cascade of a student and its teacher comes to.
 *
 * @param model SHA-256 of the student's ONNX file
 * @param asked the teacher
 * @param validation what thresholds were found on
 * @param split what is reported
 * @param alone the student's answers about all of its images
 * @param teacher the teacher's
 * @param cost of the ONNX file's run and of the teacher's, on this machine
 */
record CascadeReport(
    String run,
    String model,
    AskedTeacher asked,
    CascadeSplit validation,
    CascadeSplit split,
    CascadeTarget target,
    CascadePoint alone,
    CascadePoint teacher,
    CascadeCost cost,
    List<Line> lines) {
  /** In a run's folder. */
  static final String JSON = "cascade/cascade.json";

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
        "%s, split %s, %d images; thresholds found on split %s, so that there %s"
            .formatted(run, split.name(), alone.images(), validation.name(), target.told()));
    parts.add("");
    parts.add(table.text().stripTrailing());
    parts.addAll(remarks());
    parts.addAll(validation.told());
    parts.addAll(split.told());
    parts.add("");
    if (gainless(Metric.IOU) && gainless(Metric.BOUNDARY_IOU)) {
      parts.add(
          "The teacher alone is no better than the student on split %s: there is little for a cascade to gain."
              .formatted(split.name()));
    }
    if (teacher.teacherMillis(cost) <= cost.student()) {
      parts.add(
          "The teacher alone takes no longer than the student on this machine: there is no time for a cascade to save.");
    }
    supervision().ifPresent(parts::add);
    parts.add(
        "ms/image is of this machine: every image is shown to the student (%s), some to the teacher too (%s%s)."
            .formatted(millis(cost.student()), millis(cost.encoder()), prompted()));
    return String.join(System.lineSeparator(), parts);
  }

  /** Of readings that have no point, or one that asks about nothing: those alike in one line. */
  private List<String> remarks() {
    Map<String, List<String>> readings = new LinkedHashMap<>();
    for (Line line : lines) {
      target
          .remark(line.found(), validation.name())
          .ifPresent(
              remark ->
                  readings.computeIfAbsent(remark, r -> new ArrayList<>()).add(line.by().word()));
    }
    return readings.entrySet().stream()
        .map(e -> "cascade by %s: %s".formatted(String.join(", ", e.getValue()), e.getKey()))
        .toList();
  }

  private String prompted() {
    return cost.prompt() == 0
        ? ""
        : String.format(
            Locale.ROOT,
            ", and %s for each of its %.1f prompts an image",
            millis(cost.prompt()),
            (double) teacher.prompts() / teacher.images());
  }

  /** What the teacher's figures owe to labels; empty where it is nothing. */
  private Optional<String> supervision() {
    return asked.supervision().isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%s was %s, on split %s, too: where a cascade works there are no labels to ask with, so there it answers otherwise, and as a rule worse."
                .formatted(asked.name(), asked.supervision(), split.name()));
  }

  private boolean gainless(Metric metric) {
    return teacher.mean(metric).orElse(0) <= alone.mean(metric).orElse(0);
  }

  private void row(TextTable table, String name, String threshold, CascadePoint at) {
    table.add(
        name,
        threshold,
        String.format(Locale.ROOT, "%.1f %%", 100 * at.teacherShare()),
        mean(at, Metric.IOU),
        mean(at, Metric.BOUNDARY_IOU),
        mean(at, Metric.DICE),
        millis(millis(at)));
  }

  /** For an image; the teacher alone spares the student's. */
  private double millis(CascadePoint at) {
    return at == teacher ? at.teacherMillis(cost) : at.millis(cost);
  }

  private static String threshold(CascadePoint at) {
    return at.threshold() == Cascade.NONE
        ? "-"
        : String.format(Locale.ROOT, "%.5f", at.threshold());
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
      String prefix = "cascade/" + split.name() + "/" + line.by().word() + "/";
      line.there()
          .ifPresent(
              at -> {
                metrics.put(prefix + "threshold", at.threshold());
                metrics.put(prefix + "student_share", at.studentShare());
                metrics.put(prefix + "ms_per_image", at.millis(cost));
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
    json.put("model", model);
    json.put("teacherName", asked.name());
    json.put("supervision", asked.supervision());
    json.put("validation", validation.name());
    json.put("split", split.name());
    json.put("samples", ofSplits(CascadeSplit::samples));
    json.put("leftOut", ofSplits(CascadeSplit::leftOut));
    json.put("target", target.told());
    json.put("studentMillis", cost.student());
    json.put("encoderMillis", cost.encoder());
    json.put("promptMillis", cost.prompt());
    json.put("student", point(alone, alone.millis(cost)));
    json.put("teacher", point(teacher, teacher.teacherMillis(cost)));
    for (Line line : lines) {
      Map<String, Object> reading = new LinkedHashMap<>();
      line.there().ifPresent(at -> reading.put("operatingPoint", point(at, at.millis(cost))));
      reading.put(validation.name(), points(line.found()));
      reading.put(split.name(), points(line.reported()));
      json.put(line.by().word(), reading);
    }
    return json;
  }

  private Map<String, Object> ofSplits(Function<CascadeSplit, Object> what) {
    Map<String, Object> of = new LinkedHashMap<>();
    of.put(validation.name(), what.apply(validation));
    of.put(split.name(), what.apply(split));
    return of;
  }

  private List<Map<String, Object>> points(List<CascadePoint> curve) {
    return curve.stream().map(at -> point(at, at.millis(cost))).toList();
  }

  private static Map<String, Object> point(CascadePoint at, double millis) {
    Map<String, Object> point = new LinkedHashMap<>();
    point.put("threshold", at.threshold());
    point.put("images", at.images());
    point.put("asked", at.asked());
    point.put("prompts", at.prompts());
    point.put("millis", millis);
    for (Metric metric : Metric.values()) {
      at.mean(metric).ifPresent(value -> point.put(metric.key(), value));
    }
    return point;
  }

  /** IoU and boundary IoU over the share of images that the teacher answers, and over the cost. */
  byte[] picture() {
    String share = "share of images that the teacher answers";
    String millis = "milliseconds an image, on the machine that measured it";
    return CurvePlot.png(
        "%s and its teacher %s, split %s".formatted(run, asked.name(), split.name()),
        List.of(
            panel("IoU", Metric.IOU, share, CascadePoint::teacherShare),
            panel("boundary IoU", Metric.BOUNDARY_IOU, share, CascadePoint::teacherShare),
            panel("IoU", Metric.IOU, millis, at -> at.millis(cost)),
            panel("boundary IoU", Metric.BOUNDARY_IOU, millis, at -> at.millis(cost))),
        foot());
  }

  private List<String> foot() {
    List<String> foot = new ArrayList<>();
    foot.add(
        "dots: thresholds found on split %s, where %s".formatted(validation.name(), target.told()));
    foot.add(
        "dashed: from no image for the teacher to all of them, about what images drawn at random give");
    if (!asked.supervision().isEmpty()) {
      foot.add("%s was %s".formatted(asked.name(), asked.supervision()));
    }
    return foot;
  }

  private CurvePlot.Panel panel(
      String title, Metric metric, String across, ToDoubleFunction<CascadePoint> x) {
    return new CurvePlot.Panel(
        title,
        across,
        List.of(at(alone, metric, x), at(teacher, metric, x)),
        lines.stream().map(line -> curve(line, metric, x)).toList());
  }

  private static CurvePlot.Curve curve(Line line, Metric metric, ToDoubleFunction<CascadePoint> x) {
    List<CurvePlot.Point> points = new ArrayList<>();
    for (int i = line.reported().size() - 1; i >= 0; i--) { // thresholds fall as the share grows
      points.add(at(line.reported().get(i), metric, x));
    }
    return new CurvePlot.Curve(
        line.by().word(), points, line.there().map(p -> at(p, metric, x)).stream().toList());
  }

  private static CurvePlot.Point at(
      CascadePoint point, Metric metric, ToDoubleFunction<CascadePoint> x) {
    return new CurvePlot.Point(x.applyAsDouble(point), point.mean(metric).orElse(Double.NaN));
  }
}
