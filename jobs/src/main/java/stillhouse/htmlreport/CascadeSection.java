package stillhouse.htmlreport;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import stillhouse.htmlreport.Table.Cell;

/** What it gains to ask the teacher where a student is unsure. */
final class CascadeSection {
  private static final List<String> READINGS = List.of("entropy", "softness", "saliency");

  private CascadeSection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>();
    for (JsonNode cascade : f.cascades()) {
      blocks.add(new Heading(cascade.path("run").asText()));
      blocks.add(table(cascade));
      blocks.add(chart(cascade, "iou", "IoU"));
      blocks.add(chart(cascade, "boundary_iou", "boundary IoU"));
    }
    if (f.cascades().isEmpty()) {
      blocks.add(
          new Note(
              "No cascade was measured. This does:",
              f.commands()
                  .of(
                      "cascade --run NAME %s %s %s"
                          .formatted(
                              f.commands().data(),
                              f.commands().root(),
                              f.commands().teacher().isEmpty()
                                  ? "--teacher NAME"
                                  : f.commands().teacher()))));
    }
    return new Section(
        "cascade",
        "Cascade",
        "The student answers, the teacher takes the images that it is unsure of. Dots: thresholds that were found on the"
            + " validation split. Dashed: from the student alone to the teacher alone, about what images drawn at random give.",
        blocks);
  }

  private static Table table(JsonNode cascade) {
    var table =
        Table.of(
            "Split %s; thresholds found on split %s, where %s"
                .formatted(
                    cascade.path("split").asText(),
                    cascade.path("validation").asText(),
                    cascade.path("target").asText()),
            "who answers",
            "threshold",
            "by the teacher",
            "mIoU",
            "boundary IoU",
            "Dice",
            "ms/image");
    double student = cascade.path("studentMillis").asDouble();
    double teacher = cascade.path("teacherMillis").asDouble();
    table.row("student alone", cells(cascade.path("student"), student));
    for (String reading : READINGS) {
      JsonNode at = cascade.path(reading).path("operatingPoint");
      if (at.isObject()) {
        table.row("cascade by " + reading, cells(at, student + share(at) * teacher));
      }
    }
    table.row("teacher alone", cells(cascade.path("teacher"), teacher));
    return table.build();
  }

  private static List<Cell> cells(JsonNode at, double millis) {
    JsonNode threshold = at.path("threshold");
    return List.of(
        threshold.isNumber() && threshold.asDouble() >= 0
            ? Cell.number(threshold.asDouble(), "%.5f")
            : Cell.none(),
        Cell.number(100 * share(at), "%.1f %%"),
        Cell.metric(metric(at, "iou")),
        Cell.metric(metric(at, "boundary_iou")),
        Cell.metric(metric(at, "dice")),
        Cell.number(millis, "%.1f"));
  }

  private static double share(JsonNode at) {
    return at.path("asked").asDouble() / Math.max(1, at.path("images").asDouble());
  }

  private static OptionalDouble metric(JsonNode at, String key) {
    JsonNode value = at.path(key);
    return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
  }

  private static Chart chart(JsonNode cascade, String key, String name) {
    List<LineChart.Curve> curves = new ArrayList<>();
    for (String reading : READINGS) {
      if (cascade.has(reading)) {
        curves.add(curve(cascade, reading, key));
      }
    }
    List<Point> ends =
        List.of(point(cascade.path("student"), key), point(cascade.path("teacher"), key));
    curves.add(new LineChart.Curve("at random", ends, List.of(), true));
    return LineChart.of(
        name + " over the share of images that the teacher answers", "share", curves);
  }

  private static LineChart.Curve curve(JsonNode cascade, String reading, String key) {
    List<Point> points = new ArrayList<>();
    cascade
        .path(reading)
        .path(cascade.path("split").asText())
        .forEach(at -> points.add(0, point(at, key))); // thresholds rise, shares fall
    JsonNode chosen = cascade.path(reading).path("operatingPoint");
    return new LineChart.Curve(
        reading, points, chosen.isObject() ? List.of(point(chosen, key)) : List.of(), false);
  }

  private static Point point(JsonNode at, String key) {
    return new Point(share(at), at.path(key).asDouble(Double.NaN));
  }
}
