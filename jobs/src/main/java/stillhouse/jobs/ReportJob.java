package stillhouse.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.Promotion;
import stillhouse.cache.PromotionTable;
import stillhouse.cache.StatsQueries;
import stillhouse.data.DatasetConfig;
import stillhouse.htmlreport.Cached;
import stillhouse.htmlreport.Cascaded;
import stillhouse.htmlreport.Commands;
import stillhouse.htmlreport.Findings;
import stillhouse.htmlreport.Model;
import stillhouse.htmlreport.Part;
import stillhouse.htmlreport.PrecisionFile;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedBootstrap.Interval;
import stillhouse.metrics.PairedDraws;
import stillhouse.predict.ImageTable;
import stillhouse.predict.Stratum;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tracking.TrackingServer;

/**
 * Gathers what a report tells. What is of an image stays on the executors, but for a few.
 *
 * @param strata by which parts of the images are told of
 * @param images of the worst and of the best of each run
 */
record ReportJob(
    SparkSession spark,
    RootOption root,
    DatasetConfig dataset,
    Optional<LocalTeacher> teacher,
    Optional<TrackingServer> server,
    List<Stratum> strata,
    int images) {
  Findings run(ReportedScores scores, Commands typed, List<JsonNode> bench) {
    spark.sparkContext().setJobDescription("report: sums and draws of the per-image counts");
    try {
      var pictures = new ReportPictures(spark, root.uri(), dataset, teacher, scores.split());
      return new Findings(
          dataset.name(),
          scores.split(),
          dataset.classes(),
          root.uri(),
          Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
          scores.images(),
          typed,
          scores.scores().stream().map(this::model).toList(),
          scores.remarks(),
          variants(scores),
          parts(scores),
          pictures.overlays(scores, root, images),
          new ReportCurves(server).of(scores),
          pictures.structure(),
          cascades(scores, pictures.samples()),
          bench,
          champions(),
          cached(scores));
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  private Model model(ReportedScores.Scored scored) {
    Score score = scored.score();
    String table = root.absolute(score.images());
    boolean weighed = !score.isOfPredictions();
    List<String> remarks = new ArrayList<>(scored.remarks());
    if (!score.supervision().isEmpty()) {
      remarks.add(score.supervision());
    }
    return new Model(
        score.name(),
        score.kind(),
        scored.run().map(RunRecord::name).orElse(score.name()),
        scored.precision(),
        scored.run().map(this::trained).orElse(""),
        score.metrics(),
        classes(table),
        ImageTable.confusion(spark, table, dataset.classes().size()),
        score.parameters() == null ? OptionalLong.empty() : OptionalLong.of(score.parameters()),
        weighed ? OptionalLong.of(score.bytes()) : OptionalLong.empty(),
        weighed ? OptionalDouble.of(score.millis()) : OptionalDouble.empty(),
        score.tensorrt(),
        remarks);
  }

  private String trained(RunRecord run) {
    String labels = run.labels() < 1 ? ", " + RunName.percent(run.labels()) + " % of labels" : "";
    return "%s by %s, seed %d%s, %d steps"
        .formatted(run.student(), run.recipe(), run.seed(), labels, run.steps());
  }

  private Map<Metric, List<Optional<Interval>>> classes(String table) {
    PairedDraws draws = ImageTable.draws(spark, table, RunDraws.BOOTSTRAP);
    Map<Metric, List<Optional<Interval>>> classes = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      List<Optional<Interval>> ofClasses = new ArrayList<>();
      for (int c = 1; c <= dataset.classes().size(); c++) {
        ofClasses.add(PairedBootstrap.interval(draws, metric, c));
      }
      classes.put(metric, ofClasses);
    }
    return classes;
  }

  private List<PrecisionFile> variants(ReportedScores scores) {
    List<PrecisionFile> files = new ArrayList<>();
    scores
        .folders()
        .forEach(
            (run, folder) -> {
              for (VariantNote note : VariantNote.read(folder)) {
                files.add(
                    variant(run, note, canary(folder, note, scores.whole(run).orElseThrow())));
              }
            });
    scores.scores().stream()
        .filter(ReportedScores.Scored::isEngine)
        .forEach(engine -> files.add(engine(engine, scores)));
    return files;
  }

  /** What the canary found of the file as it is scored now, or why it is not. */
  private static Optional<CanaryReport> canary(Path folder, VariantNote note, Score fp32) {
    var file = new ScoredFile(folder, Variant.of(note.variant()).orElseThrow());
    Optional<Score> score = Score.read(file.scores(), fp32.split());
    return CanaryReport.read(file.scores())
        .filter(
            found ->
                score
                    .map(s -> found.isOf(s, note.of()))
                    .orElseGet(() -> found.isOfUnscored(note.sha256(), fp32)));
  }

  private static PrecisionFile engine(ReportedScores.Scored engine, ReportedScores scores) {
    String run = engine.run().orElseThrow().name();
    Optional<CanaryReport> canary =
        scores
            .whole(run)
            .flatMap(
                fp32 ->
                    CanaryReport.read(engine.folder())
                        .filter(found -> found.isOf(engine.score(), fp32.model())));
    return new PrecisionFile(
        run,
        engine.precision(),
        engine.score().bytes(),
        OptionalDouble.empty(),
        List.of(),
        "",
        canary.map(CanaryReport::terms).orElse(""),
        canary.map(CanaryReport::checks).orElse(List.of()));
  }

  private static PrecisionFile variant(
      String run, VariantNote note, Optional<CanaryReport> canary) {
    long calibrated = note.images().values().stream().mapToLong(n -> n).sum();
    return new PrecisionFile(
        run,
        note.variant(),
        note.bytes(),
        note.difference() == null ? OptionalDouble.empty() : OptionalDouble.of(note.difference()),
        note.inFloat(),
        calibrated == 0 ? "" : note.calibration() + " of " + calibrated + " images",
        canary.map(CanaryReport::terms).orElse(""),
        canary.map(CanaryReport::checks).orElse(List.of()));
  }

  private List<Part> parts(ReportedScores scores) {
    List<Score> models = scores.scores().stream().map(ReportedScores.Scored::score).toList();
    return StrataTable.of(spark, root, dataset.classes(), models, strata).parts().stream()
        .map(p -> new Part(p.by().word(), p.stratum(), p.model().name(), p.result().counts()))
        .toList();
  }

  private List<Cascaded> cascades(ReportedScores scores, TestSamples samples) {
    var answering = teacher.map(LocalTeacher::spec).filter(TeacherSpec::answers);
    return new ReportedCascades(spark, root.uri(), dataset, answering, samples)
        .of(scores.folders().values());
  }

  private List<Promotion> champions() {
    var table = PromotionTable.of(spark, root.uri());
    return table.models().stream().map(table::last).flatMap(Optional::stream).toList();
  }

  private Cached cached(ReportedScores scores) {
    Map<String, String> asked = new LinkedHashMap<>();
    teacher.map(LocalTeacher::spec).ifPresent(spec -> asked.putAll(asked(spec)));
    return new Cached(
        StatsQueries.run(spark, root.uri()),
        asked,
        teacher
            .filter(t -> t.spec().promptable())
            .map(t -> Prompts.of(dataset).supervision())
            .orElse(""),
        scores.records().values().stream()
            .collect(
                Collectors.toMap(
                    RunRecord::name, RunRecord::viewDigest, (a, b) -> a, LinkedHashMap::new)));
  }

  private Map<String, String> asked(TeacherSpec spec) {
    CacheKeys keys = Prompts.keys(spark, root.uri(), dataset, spec);
    Map<String, String> asked = new LinkedHashMap<>();
    asked.put("teacher", spec.name());
    asked.put("encoder, SHA-256", spec.encoderDigest().hex());
    if (spec.answers()) {
      asked.put("decoder, SHA-256", spec.decoderDigest().hex());
    }
    asked.put("preprocessing", spec.preprocessing().hex());
    asked.put("prompts", spec.promptable() ? told(keys) : "none: it takes no prompts");
    asked.put("encoding", keys.encoding().text());
    asked.put("structure window", "r = " + keys.radius());
    return asked;
  }

  private String told(CacheKeys keys) {
    return "%s%s (plan %s)"
        .formatted(
            dataset.prompts().source().text(),
            dataset
                .prompts()
                .fallback()
                .map(f -> ", without labels " + f.source().text())
                .orElse(""),
            keys.plan());
  }
}
