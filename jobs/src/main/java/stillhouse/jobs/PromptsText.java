package stillhouse.jobs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import stillhouse.metrics.PairedBootstrap.Interval;
import stillhouse.prompts.PromptProtocol;
import stillhouse.prompts.PromptProtocol.Measure;
import stillhouse.prompts.PromptResult;

/** The table of promptable teachers for a console. */
final class PromptsText {
  private PromptsText() {}

  /**
   * @param reports at least one
   */
  static String of(PromptSamples samples, List<PromptsReport> reports) {
    List<String> parts = new ArrayList<>();
    PromptProtocol protocol = reports.get(0).result().protocol();
    parts.add(
        "%s, split %s: %d of its %d images with objects; objects are connected components of %d pixels and more"
            .formatted(
                samples.dataset().name(),
                samples.split(),
                samples.images(),
                samples.of(),
                protocol.minArea()));
    parts.add("");
    parts.add(answers(reports));
    parts.add("");
    parts.add(costs(reports));
    parts.add("");
    if (reports.size() > 1) {
      parts.add(sideBySide(reports));
      parts.add("");
    }
    filledBoxes(reports).ifPresent(parts::add);
    parts.add(
        "Points, clicks and boxes are made of the true labels. Means are over objects; [ ] are 95 % of the draws of whole image groups.");
    parts.add(
        "sure: the network's own estimate of its IoU, off: the mean distance from the IoU. ms are of this machine: image by one call of the encoder alone, prompt of an executor's decoder.");
    for (PromptsReport report : reports) {
      report
          .result()
          .failures()
          .examples()
          .forEach(failure -> parts.add(report.teacher() + " left out " + failure));
    }
    return String.join(System.lineSeparator(), parts);
  }

  /** Of the teacher that was asked about most; empty where no box was asked. */
  private static Optional<String> filledBoxes(List<PromptsReport> reports) {
    return reports.stream()
        .map(PromptsReport::result)
        .filter(r -> r.filledBoxIou().isPresent())
        .filter(r -> r.questions().stream().anyMatch(q -> q.name().equals("box")))
        .max(Comparator.comparingLong(PromptResult::objects))
        .map(
            r ->
                String.format(
                    Locale.ROOT,
                    "A box that is filled has IoU %.3f with its object: what an answer to a box has to beat.",
                    r.filledBoxIou().getAsDouble()));
  }

  private static String answers(List<PromptsReport> reports) {
    TextTable table =
        new TextTable(
            "teacher", "asked by", "objects", "IoU", "95 %", "boundary IoU", "95 %", "sure", "off");
    for (PromptsReport report : reports) {
      for (PromptResult.Question question : report.result().questions()) {
        table.add(
            report.teacher(),
            PromptProtocol.words(question.name()),
            String.valueOf(report.result().objects()),
            mean(question, Measure.IOU),
            ends(question, Measure.IOU),
            mean(question, Measure.BOUNDARY_IOU),
            ends(question, Measure.BOUNDARY_IOU),
            mean(question, Measure.PREDICTED_IOU),
            mean(question, Measure.IOU_ERROR));
      }
    }
    return table.text().stripTrailing();
  }

  /** A row a teacher: IoU by each way of asking, and what an image and a prompt cost. */
  private static String sideBySide(List<PromptsReport> reports) {
    TextTable table =
        new TextTable(
            "IoU of",
            "1 point",
            "after the last click",
            "box",
            "ms/image",
            "ms/prompt",
            "parameters");
    for (PromptsReport report : reports) {
      PromptProtocol protocol = report.result().protocol();
      OptionalLong encoder = report.costs().encoderParameters();
      OptionalLong decoder = report.costs().decoderParameters();
      table.add(
          report.teacher(),
          iou(report, "point"),
          iou(report, "click_" + protocol.clicks()),
          iou(report, "box"),
          millis(report.costs().encoderMillis()),
          millis(report.result().decoder().p50Millis()),
          millions(
              encoder.isPresent() && decoder.isPresent()
                  ? OptionalLong.of(encoder.getAsLong() + decoder.getAsLong())
                  : OptionalLong.empty()));
    }
    return table.text().stripTrailing();
  }

  private static String iou(PromptsReport report, String question) {
    return report.result().questions().stream()
        .filter(q -> q.name().equals(question))
        .findFirst()
        .map(q -> mean(q, Measure.IOU))
        .orElse("-");
  }

  private static String costs(List<PromptsReport> reports) {
    TextTable table =
        new TextTable(
            "teacher",
            "features cached",
            "asked",
            "failed",
            "ms/image",
            "ms/prompt",
            "p90",
            "encoder parameters",
            "decoder parameters",
            "size");
    for (PromptsReport report : reports) {
      PromptResult result = report.result();
      table.add(
          report.teacher(),
          String.valueOf(result.cached()),
          String.valueOf(result.images() - result.cached()),
          String.valueOf(result.failures().images()),
          millis(report.costs().encoderMillis()),
          millis(result.decoder().p50Millis()),
          millis(result.decoder().p90Millis()),
          millions(report.costs().encoderParameters()),
          millions(report.costs().decoderParameters()),
          TextTable.bytes(report.costs().bytes()));
    }
    return table.text().stripTrailing();
  }

  private static String mean(PromptResult.Question question, Measure measure) {
    return Optional.ofNullable(question.means().get(measure))
        .map(interval -> String.format(Locale.ROOT, "%.3f", interval.observed()))
        .orElse("-");
  }

  private static String ends(PromptResult.Question question, Measure measure) {
    Interval interval = question.means().get(measure);
    return interval == null
        ? "-"
        : String.format(Locale.ROOT, "[%.3f, %.3f]", interval.low(), interval.high());
  }

  private static String millis(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static String millions(OptionalLong count) {
    if (count.isEmpty()) {
      return "not told";
    }
    long n = count.getAsLong();
    return n < 10_000 ? String.valueOf(n) : String.format(Locale.ROOT, "%.2f M", n / 1e6);
  }
}
