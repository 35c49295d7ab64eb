package stillhouse.jobs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.spark.sql.SparkSession;
import stillhouse.metrics.Metric;
import stillhouse.predict.EvaluationResult;
import stillhouse.predict.Stratum;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** Every model's scores on parts of the images. */
record StrataTable(List<Part> parts) {
  /** One model on one part. */
  record Part(Stratum by, String stratum, Score model, EvaluationResult result) {
    /** As metrics name it: {@code size_small}. */
    String key() {
      return by.word() + "_" + stratum;
    }
  }

  static StrataTable of(
      SparkSession spark,
      RootOption root,
      List<String> classes,
      List<Score> models,
      List<Stratum> by) {
    List<Part> parts = new ArrayList<>();
    for (Stratum stratum : by) {
      for (Score model : models) {
        stratum
            .score(spark, root.absolute(model.images()), classes)
            .forEach((name, result) -> parts.add(new Part(stratum, name, model, result)));
      }
    }
    return new StrataTable(parts);
  }

  /** To each model's run, as {@code test/size_small/iou}. */
  void track(TrackingServer server) {
    Map<Score, Map<String, Double>> metrics = new LinkedHashMap<>();
    for (Part part : parts) {
      Map<String, Double> ofModel =
          metrics.computeIfAbsent(part.model(), m -> new LinkedHashMap<>());
      part.result()
          .toMap()
          .forEach(
              (name, value) ->
                  ofModel.put(part.model().split() + "/" + part.key() + "/" + name, value));
    }
    metrics.forEach(
        (model, values) -> {
          try (TrackedRun run = server.resume(model.mlflowRun())) {
            run.metrics(values, 0);
          }
        });
  }

  String text() {
    TextTable table = new TextTable("by", "of", "model", "images", "IoU", "boundary IoU", "Dice");
    for (Part part : parts) {
      table.add(
          part.by().word(),
          part.stratum(),
          part.model().name(),
          part.result().images(),
          share(part.result().mean(Metric.IOU)),
          share(part.result().mean(Metric.BOUNDARY_IOU)),
          share(part.result().mean(Metric.DICE)));
    }
    return table.isEmpty() ? "" : System.lineSeparator() + table.text();
  }

  private static String share(OptionalDouble value) {
    return value.isPresent() ? String.format(Locale.ROOT, "%.4f", value.getAsDouble()) : "-";
  }

  /** For the summary: a flat object each. */
  List<Map<String, Object>> toList() {
    return parts.stream()
        .map(
            part -> {
              Map<String, Object> flat = new LinkedHashMap<>();
              flat.put("by", part.by().word());
              flat.put("of", part.stratum());
              flat.put("name", part.model().name());
              flat.putAll(part.result().toMap());
              return flat;
            })
        .toList();
  }
}
