package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheKeys;
import stillhouse.data.DatasetConfig;
import stillhouse.predict.Evaluation;
import stillhouse.predict.EvaluationResult;
import stillhouse.predict.PredictionSet;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** Scores models on one split and logs what it finds to each one's MLflow run. */
final class Scoring {
  private static final Logger log = LoggerFactory.getLogger(Scoring.class);

  private final SparkSession spark;
  private final TrackingServer server;
  private final DatasetConfig dataset;
  private final TestSamples samples;
  private final RootOption root;
  private final String split;
  private final boolean force;
  private final StudentScoring students;

  Scoring(
      SparkSession spark,
      TrackingServer server,
      TestSamples samples,
      Optional<LocalTeacher> teacher,
      RootOption root,
      boolean force) {
    this.spark = spark;
    this.server = server;
    this.dataset = samples.dataset();
    this.samples = samples;
    this.root = root;
    this.split = samples.split();
    this.force = force;
    var pictures = new Pictures(spark, samples, teacher.isPresent());
    this.students = new StudentScoring(spark, server, samples, root, pictures, this);
  }

  /** Of what runs ship. */
  StudentScoring students() {
    return students;
  }

  /** The cached answers, held against the same masks as a student's predictions. */
  Score teacher(LocalTeacher source) throws IOException {
    TeacherSpec spec = source.spec();
    Path folder = root.runs().resolve("_teachers").resolve(spec.name() + "-" + split);
    String model = model(spec);
    Optional<Score> known = known(folder, spec.name(), model);
    if (known.isPresent()) {
      return known.get();
    }
    log.info("Evaluating teacher {} from its cached answers", spec.name());
    String images = root.imageTable("_teachers/" + spec.name(), split);
    EvaluationResult result =
        requireAll(
            spec.name(),
            new Evaluation(dataset.classes(), images)
                .runLogits(spark, samples.rows(), samples.teacherLogits()));
    Map<String, Double> metrics = metrics(result, images);
    double millis = TeacherLatency.medianMillis(source);
    Score score =
        server.tell(
            dataset.name(),
            spec.name(),
            Map.of("recipe", "teacher", "teacher", spec.name()),
            run ->
                reported(
                    folder,
                    run,
                    new Score(
                        spec.name(),
                        "teacher",
                        "teacher",
                        spec.name(),
                        0,
                        1,
                        0,
                        split,
                        metrics,
                        null,
                        size(source),
                        millis,
                        supervision(spec),
                        "",
                        model,
                        samples.set().digest().hex(),
                        root.relative(images),
                        run.id()),
                    result));
    return score.write(folder); // last: what is written counts as reported
  }

  /** Another tool's masks, held against the same truth; scored anew each time. */
  Score predictions(String name, String place, PredictionSet.Missing missing) throws IOException {
    Path folder = Score.predictions(root, name, split);
    Files.deleteIfExists(folder.resolve(Score.FILE)); // its table of images is about to be replaced
    log.info("Evaluating predictions {} of {}", name, place);
    String images = root.imageTable("_predictions/" + name, split);
    try (var set = PredictionSet.of(spark, place, samples.rows(), missing)) {
      EvaluationResult result =
          requireAll(
              name,
              new Evaluation(dataset.classes(), images)
                  .runMasks(spark, set.rows(), set.masks(spark, dataset.classes().size())));
      Map<String, Double> metrics = metrics(result, images);
      Score score =
          server.tell(
              dataset.name(),
              name,
              Map.of("recipe", name, "predictions", place),
              run ->
                  reported(
                      folder,
                      run,
                      Score.ofPredictions(
                          name,
                          split,
                          metrics,
                          set.remarks(),
                          set.digest().hex(),
                          samples.set().digest().hex(),
                          root.relative(images),
                          run.id()),
                      result));
      return score.write(folder);
    }
  }

  /** Of what is no run's, in a run of its own. */
  private Score reported(Path folder, TrackedRun run, Score score, EvaluationResult result)
      throws IOException {
    report(new ScoredFile(folder, Variant.FP32), run, score, result, 0);
    return score;
  }

  private String supervision(TeacherSpec spec) {
    String labels = spec.promptable() ? Prompts.of(dataset).supervision() : "";
    return labels.isEmpty() ? "" : labels + ", on the test images too";
  }

  /** The score that is there, where it is of this model on these images; another one is removed. */
  Optional<Score> known(Path folder, String name, String model) throws IOException {
    Optional<Score> there = force ? Optional.empty() : Score.read(folder, split);
    Optional<String> outdated =
        there.flatMap(
            score ->
                score.outdated(
                    model,
                    samples.set().digest().hex(),
                    root,
                    spark.sparkContext().hadoopConfiguration()));
    outdated.ifPresent(why -> log.info("Evaluating {} again: {}", name, why));
    if (there.isPresent() && outdated.isEmpty()) {
      return there;
    }
    Files.deleteIfExists(folder.resolve(Score.FILE)); // its table of images is about to be replaced
    return Optional.empty();
  }

  /** What a teacher's answers follow from, beside the images. */
  private String model(TeacherSpec spec) {
    CacheKeys keys = Prompts.keys(spark, root.uri(), dataset, spec);
    return "encoder %s, decoder %s, preprocessing %s, prompts %s, encoding %s"
        .formatted(
            spec.encoderDigest(),
            spec.decoderDigest(),
            spec.preprocessing(),
            spec.promptable() ? keys.plan() : CacheKeys.NO_PROMPT,
            keys.encoding().text());
  }

  /** Models are compared on the images that the job began with, or not at all. */
  EvaluationResult requireAll(String name, EvaluationResult result) {
    samples.requireAll(name, result.images());
    return result;
  }

  Map<String, Double> metrics(EvaluationResult result, String images) {
    Map<String, Double> metrics = new LinkedHashMap<>(result.toMap());
    metrics.putAll(RunDraws.intervals(spark, images));
    return metrics;
  }

  void report(Scored file, TrackedRun run, Score score, EvaluationResult result, long step)
      throws IOException {
    String suffix = file.suffix();
    Path json = Files.createDirectories(file.scores()).resolve(evaluation(split));
    Files.writeString(json, result.toJson());
    run.artifact(json, "evaluation" + suffix);
    Map<String, Double> metrics = new HashMap<>();
    score.metrics().forEach((name, value) -> metrics.put(split + "/" + name + suffix, value));
    if (!score.isOfPredictions()) {
      metrics.put("model/bytes" + suffix, (double) score.bytes());
      metrics.put("model/ms_per_image" + suffix, score.millis());
    }
    run.metrics(metrics, step);
    log.info(
        String.format(
            Locale.ROOT,
            "%s: IoU %.4f, boundary IoU %.4f, Dice %.4f over %d images, %.1f ms an image",
            score.name(),
            score.metrics().getOrDefault("iou", Double.NaN),
            score.metrics().getOrDefault("boundary_iou", Double.NaN),
            score.metrics().getOrDefault("dice", Double.NaN),
            result.images(),
            score.millis()));
  }

  /** Beside a score: its counts by class, and what follows from them. */
  static String evaluation(String split) {
    return "evaluation-" + split + ".json";
  }

  private static long size(LocalTeacher source) throws IOException {
    long bytes = Files.size(Path.of(source.encoder()));
    return source.decoder() == null ? bytes : bytes + Files.size(Path.of(source.decoder()));
  }
}
