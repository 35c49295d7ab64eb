package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import stillhouse.metrics.PairedBootstrap.Interval;
import stillhouse.prompts.PromptProtocol.Measure;
import stillhouse.prompts.PromptResult;

/** What one promptable teacher came to on a split's objects. */
record PromptsReport(
    PromptSamples samples, String teacher, PromptResult result, TeacherCosts costs) {
  /** Names for a metric table: {@code prompts/test/click_1/iou}. */
  Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    String prefix = "prompts/" + samples.split() + "/";
    for (PromptResult.Question question : result.questions()) {
      question
          .means()
          .forEach(
              (measure, interval) -> {
                String name = prefix + question.name() + "/" + key(measure);
                metrics.put(name, interval.observed());
                metrics.put(name + RunDraws.LOW, interval.low());
                metrics.put(name + RunDraws.HIGH, interval.high());
              });
    }
    metrics.put(prefix + "images", (double) result.images());
    metrics.put(prefix + "images_failed", (double) result.failures().images());
    metrics.put(prefix + "features_cached", (double) result.cached());
    metrics.put(prefix + "objects", (double) result.objects());
    result.filledBoxIou().ifPresent(iou -> metrics.put(prefix + "filled_box/iou", iou));
    metrics.put("model/ms_per_image", costs.encoderMillis());
    metrics.put("model/ms_per_prompt", result.decoder().p50Millis());
    metrics.put("model/ms_per_prompt_p90", result.decoder().p90Millis());
    metrics.put("model/bytes", (double) costs.bytes());
    costs.encoderParameters().ifPresent(n -> metrics.put("model/encoder_parameters", (double) n));
    costs.decoderParameters().ifPresent(n -> metrics.put("model/decoder_parameters", (double) n));
    return metrics;
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("teacher", teacher);
    json.put("dataset", samples.dataset().name());
    json.put("split", samples.split());
    json.put("images", result.images());
    json.put("imagesOfSplit", samples.of());
    json.put("sampleSet", samples.set().digest().hex());
    json.put("featuresCached", result.cached());
    json.put("featuresAsked", result.images() - result.cached());
    json.put("imagesFailed", result.failures().images());
    json.put("failures", result.failures().examples());
    json.put("objects", result.objects());
    result.filledBoxIou().ifPresent(iou -> json.put("filledBoxIou", iou));
    json.put("objectsLeftOut", result.leftOut());
    json.put("clicks", result.protocol().clicks());
    json.put("minArea", result.protocol().minArea());
    json.put("maxArea", result.protocol().maxArea());
    Map<String, Object> questions = new LinkedHashMap<>();
    result.questions().forEach(q -> questions.put(q.name(), means(q)));
    json.put("questions", questions);
    json.put("encoderMillis", costs.encoderMillis());
    json.put("decoderCalls", result.decoder().calls());
    json.put("decoderMillis", result.decoder().p50Millis());
    json.put("decoderMillisP90", result.decoder().p90Millis());
    json.put("bytes", costs.bytes());
    costs.encoderParameters().ifPresent(n -> json.put("encoderParameters", n));
    costs.decoderParameters().ifPresent(n -> json.put("decoderParameters", n));
    return json;
  }

  private static Map<String, Object> means(PromptResult.Question question) {
    Map<String, Object> means = new LinkedHashMap<>();
    question.means().forEach((measure, interval) -> means.put(key(measure), mean(interval)));
    return means;
  }

  private static Map<String, Object> mean(Interval interval) {
    Map<String, Object> mean = new LinkedHashMap<>();
    mean.put("mean", interval.observed());
    mean.put("low", interval.low());
    mean.put("high", interval.high());
    mean.put("groups", interval.groups());
    return mean;
  }

  private static String key(Measure measure) {
    return measure.name().toLowerCase(Locale.ROOT);
  }
}
