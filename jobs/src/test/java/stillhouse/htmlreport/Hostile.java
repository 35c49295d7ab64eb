package stillhouse.htmlreport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import stillhouse.cache.CacheStats;
import stillhouse.cache.Promotion;
import stillhouse.canary.Check;
import stillhouse.metrics.Confusion;
import stillhouse.metrics.ConfusionCounter.Cell;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Interval;
import stillhouse.metrics.SegmentationCounts;
import stillhouse.report.ContactSheet;

/** Findings whose names would break a page that does not escape them. */
final class Hostile {
  static final String CLASS = "<script>alert('class')</script>";
  static final String RUN =
      "naïve \"run\" 'ε=½' & <img src=https://example.com/x.png onerror=alert(1)>";
  static final List<String> CLASSES = List.of(CLASS, "scratch");

  private Hostile() {}

  static Findings findings() {
    return new Findings(
        "steel & <b>glass</b>",
        "test",
        CLASSES,
        "file:/data/\"work\"",
        "2026-01-02T03:04:05Z",
        20,
        new Commands("--root out", "--data 'a\"b'", "--teacher t", "test"),
        List.of(model(RUN, "student", "fp32", 0.5), model(RUN + ".fp16", "student", "fp16", 0.45)),
        List.of("one & all"),
        List.of(
            new PrecisionFile(
                RUN,
                "fp16",
                1 << 19,
                OptionalDouble.of(0.01),
                List.of("Conv<1>"),
                "",
                "limits < 1",
                List.of(Check.of("masks <IoU>", false, "0.8 < 0.9")))),
        List.of(part("size", "small"), part("size", "large"), part("class", CLASS)),
        List.of(sheet(RUN)),
        List.of(new Training(RUN, "MLflow <run>", curves())),
        Optional.of(sheet("maps")),
        List.of(
            new Cascaded(cascade(), List.of("It is of <other> images")),
            new Cascaded(cascadeOfBefore(), List.of())),
        List.of(
            json(
                "[{\"file\":\"<i>x\",\"provider\":\"cpu\",\"threads\":1,\"batch\":1,\"latency_p50_ms\":2.5}]")),
        List.of(promotion()),
        new Cached(
            stats(),
            Map.of("prompts", "<boxes>"),
            "asked with the boxes of the true labels (box supervision)",
            Map.of(RUN, "0123456789abcdef")));
  }

  /** Nothing but scores. */
  static Findings bare() {
    Findings all = findings();
    return new Findings(
        all.dataset(),
        all.split(),
        all.classes(),
        all.workspace(),
        all.made(),
        0,
        new Commands("--root out", "--data d", "", "test"),
        List.of(
            new Model(
                RUN,
                "student",
                RUN,
                "fp32",
                "",
                Map.of(),
                classes(0.5),
                Optional.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                "",
                List.of())),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(new Training(RUN, "No MLflow server was named.", Map.of())),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        new Cached(
            new CacheStats(
                List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), 0),
            Map.of(),
            "",
            Map.of()));
  }

  private static Model model(String name, String kind, String precision, double iou) {
    return new Model(
        name,
        kind,
        RUN,
        precision,
        "tiny-conv by <recipe>",
        Map.of(
            "iou",
            iou,
            "iou_95_low",
            iou - 0.1,
            "iou_95_high",
            iou + 0.1,
            "boundary_iou",
            iou - 0.05,
            "dice",
            0.6),
        classes(iou),
        Optional.of(
            Confusion.of(2, List.of(new Cell(1, 1, 30), new Cell(1, 0, 10), new Cell(0, 2, 5)))),
        OptionalLong.of(1234),
        OptionalLong.of(1 << 20),
        OptionalDouble.of(1.5),
        "not built (<no> device)",
        List.of("a \"remark\""));
  }

  private static Map<Metric, List<Optional<Interval>>> classes(double value) {
    Map<Metric, List<Optional<Interval>>> classes = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      classes.put(
          metric,
          List.of(Optional.of(new Interval(value, value - 0.1, value + 0.1, 5)), Optional.empty()));
    }
    return classes;
  }

  private static Part part(String by, String of) {
    long[] counts = new long[18];
    counts[3] = 2; // of class 1: the intersection, predicted, actual
    counts[4] = 4;
    counts[5] = 4;
    var sum = SegmentationCounts.zero(2).plus(ImageCounts.fromArray(2, counts));
    return new Part(by, of, RUN, sum);
  }

  private static Sheet sheet(String title) {
    var panel = new BufferedImage(300, 40, BufferedImage.TYPE_INT_RGB);
    return new Sheet(
        title,
        List.of("image", "truth"),
        List.of(new ContactSheet.Row("a<b>.png", List.of(panel, panel))));
  }

  private static Map<String, List<Point>> curves() {
    List<Point> falling = new ArrayList<>();
    for (int step = 1; step <= 50; step++) {
      falling.add(new Point(step, 1.0 / step));
    }
    falling.add(new Point(51, Double.NaN));
    return Map.of(
        "train/loss",
        falling,
        "train/loss_<dice>",
        falling,
        "train/learning_rate",
        falling,
        "val/iou",
        List.of(new Point(50, 0.3)));
  }

  private static JsonNode cascade() {
    String point =
        "{\"threshold\":0.5,\"images\":20,\"asked\":%d,\"prompts\":%d,\"millis\":%s,\"iou\":%s,\"boundary_iou\":0.3,\"dice\":0.5}";
    return json(
        "{\"run\":\"<u>run\",\"teacherName\":\"<teacher>\",\"supervision\":\"asked with <boxes>\",\"validation\":\"val\",\"split\":\"test\",\"target\":\"x < y\",\"leftOut\":{\"val\":{},\"test\":{\"not <answered>\":7}},\"studentMillis\":1,\"encoderMillis\":9,\"promptMillis\":0.5,"
            + "\"student\":"
            + point.formatted(0, 0, "1", "0.4")
            + ",\"teacher\":"
            + point.formatted(20, 40, "10", "0.6")
            + ",\"entropy\":{\"operatingPoint\":"
            + point.formatted(5, 10, "3.5", "0.5")
            + ",\"test\":["
            + point.formatted(20, 40, "11", "0.6")
            + ","
            + point.formatted(0, 0, "1", "0.4")
            + "]}}");
  }

  /** Without a cost of its points. */
  private static JsonNode cascadeOfBefore() {
    String ends = "{\"images\":20,\"asked\":%d,\"iou\":0.5}";
    return json(
        "{\"run\":\"old\",\"validation\":\"val\",\"split\":\"test\",\"target\":\"t\",\"studentMillis\":1,\"teacherMillis\":9,\"student\":"
            + ends.formatted(0)
            + ",\"teacher\":"
            + ends.formatted(20)
            + "}");
  }

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (java.io.IOException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  private static Promotion promotion() {
    return new Promotion(
        "id",
        "<model>",
        2,
        "7",
        "6",
        RUN,
        "fp16",
        "m",
        "ab".repeat(32),
        "test",
        "s",
        Map.of("iou", 0.5),
        Timestamp.from(Instant.parse("2026-01-02T03:04:05Z")));
  }

  private static CacheStats stats() {
    return new CacheStats(
        List.of(new CacheStats.Table("features", 3, "2026-01-02", 1, 1 << 21, 20, 0)),
        List.of(new CacheStats.Features("<teacher>", "e", "p", "identity", "fp16", 20, 1 << 20)),
        List.of(new CacheStats.Answers("<teacher>", "d", "fp16", "box", 40, 20, 1 << 20)),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        0);
  }
}
