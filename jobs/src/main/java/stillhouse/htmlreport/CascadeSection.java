package stillhouse.htmlreport;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import stillhouse.htmlreport.Table.Cell;

/** What it gains to ask the teacher where a student is unsure. */
final class CascadeSection {
  private static final List<String> READINGS = List.of("entropy", "softness", "saliency");

  private CascadeSection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>();
    for (Cascaded cascaded : f.cascades()) {
      JsonNode cascade = cascaded.figures();
      blocks.add(new Heading(cascade.path("run").asText()));
      cascaded.remarks().forEach(remark -> blocks.add(new Note(remark + ".")));
      blocks.add(table(cascade));
      notes(cascade).forEach(note -> blocks.add(new Note(note)));
      for (Across across : Across.values()) {
        for (Measure measure : Measure.values()) {
          if (across.of(cascade.path("student")).isPresent()) {
            blocks.add(chart(cascade, measure, across));
          }
        }
      }
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
            + " validation split. Dashed: from no image for the teacher to all of them, about what images drawn at random give.",
        blocks);
  }

  /** What a curve is over. */
  private enum Across {
    SHARE("the share of images that the teacher answers", "share") {
      @Override
      OptionalDouble of(JsonNode at) {
        return OptionalDouble.of(share(at));
      }
    },
    /** Not in files of before it was measured of every point. */
    COST("its cost", "ms an image") {
      @Override
      OptionalDouble of(JsonNode at) {
        return metric(at, "millis");
      }
    };

    private final String told;
    private final String axis;

    Across(String told, String axis) {
      this.told = told;
      this.axis = axis;
    }

    abstract OptionalDouble of(JsonNode at);
  }

  /** What a curve is of. */
  private enum Measure {
    IOU("iou", "IoU"),
    BOUNDARY_IOU("boundary_iou", "boundary IoU");

    private final String key;
    private final String name;

    Measure(String key, String name) {
      this.key = key;
      this.name = name;
    }
  }

  /** Who was asked and how, what it takes, and what was left out. */
  private static List<String> notes(JsonNode cascade) {
    List<String> notes = new ArrayList<>();
    String supervision = cascade.path("supervision").asText();
    if (!supervision.isEmpty()) {
      notes.add(
          "The teacher %s was %s, on split %s, too: where a cascade works there are no labels to ask with, so there it answers otherwise, and as a rule worse."
              .formatted(
                  cascade.path("teacherName").asText(),
                  supervision,
                  cascade.path("split").asText()));
    }
    if (cascade.path("encoderMillis").isNumber()) {
      notes.add(
          String.format(
              Locale.ROOT,
              "ms/image is of the machine that measured it: %.1f for the student, and of an image that the teacher is asked about %.1f for its encoder and %.1f a prompt.",
              cascade.path("studentMillis").asDouble(),
              cascade.path("encoderMillis").asDouble(),
              cascade.path("promptMillis").asDouble()));
    }
    cascade
        .path("leftOut")
        .fields()
        .forEachRemaining(
            split ->
                split
                    .getValue()
                    .fields()
                    .forEachRemaining(
                        reason ->
                            notes.add(
                                "Left out of split %s: %d images, %s."
                                    .formatted(
                                        split.getKey(),
                                        reason.getValue().asLong(),
                                        reason.getKey()))));
    return notes;
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
    table.row("student alone", cells(cascade.path("student")));
    for (String reading : READINGS) {
      JsonNode at = cascade.path(reading).path("operatingPoint");
      if (at.isObject()) {
        table.row("cascade by " + reading, cells(at));
      }
    }
    table.row("teacher alone", cells(cascade.path("teacher")));
    return table.build();
  }

  private static List<Cell> cells(JsonNode at) {
    JsonNode threshold = at.path("threshold");
    OptionalDouble millis = metric(at, "millis");
    return List.of(
        threshold.isNumber() && threshold.asDouble() >= 0 && threshold.asDouble() <= 1
            ? Cell.number(threshold.asDouble(), "%.5f")
            : Cell.none(),
        Cell.number(100 * share(at), "%.1f %%"),
        Cell.metric(metric(at, "iou")),
        Cell.metric(metric(at, "boundary_iou")),
        Cell.metric(metric(at, "dice")),
        millis.isPresent() ? Cell.number(millis.getAsDouble(), "%.1f") : Cell.none());
  }

  private static double share(JsonNode at) {
    return at.path("asked").asDouble() / Math.max(1, at.path("images").asDouble());
  }

  private static OptionalDouble metric(JsonNode at, String key) {
    JsonNode value = at.path(key);
    return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
  }

  private static Chart chart(JsonNode cascade, Measure measure, Across across) {
    List<LineChart.Curve> curves = new ArrayList<>();
    for (String reading : READINGS) {
      if (cascade.has(reading)) {
        curves.add(curve(cascade, reading, measure, across));
      }
    }
    List<Point> ends = new ArrayList<>(List.of(point(cascade.path("student"), measure, across)));
    all(cascade).ifPresent(at -> ends.add(point(at, measure, across)));
    curves.add(new LineChart.Curve("at random", ends, List.of(), true));
    return LineChart.of(measure.name + " over " + across.told, across.axis, curves);
  }

  /** The cascade that asks the teacher about every image: the first point of any curve. */
  private static Optional<JsonNode> all(JsonNode cascade) {
    return READINGS.stream()
        .map(reading -> cascade.path(reading).path(cascade.path("split").asText()).path(0))
        .filter(JsonNode::isObject)
        .findFirst();
  }

  private static LineChart.Curve curve(
      JsonNode cascade, String reading, Measure measure, Across across) {
    List<Point> points = new ArrayList<>();
    cascade
        .path(reading)
        .path(cascade.path("split").asText())
        .forEach(at -> points.add(0, point(at, measure, across))); // thresholds rise, shares fall
    JsonNode chosen = cascade.path(reading).path("operatingPoint");
    return new LineChart.Curve(
        reading,
        points,
        chosen.isObject() ? List.of(point(chosen, measure, across)) : List.of(),
        false);
  }

  private static Point point(JsonNode at, Measure measure, Across across) {
    return new Point(across.of(at).orElse(Double.NaN), at.path(measure.key).asDouble(Double.NaN));
  }
}
