package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.identity.Sha256;
import stillhouse.predict.Evaluation;
import stillhouse.predict.EvaluationResult;
import stillhouse.predict.Latency;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSource;
import stillhouse.tensorrt.EngineBuildException;
import stillhouse.tensorrt.EngineOptions;
import stillhouse.tensorrt.EngineResult;
import stillhouse.tensorrt.NetworkFile;
import stillhouse.tensorrt.TensorRtEngine;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** Scores what a run ships: its ONNX files, and the engines that were built of them. */
final class StudentScoring {
  private static final Logger log = LoggerFactory.getLogger(StudentScoring.class);

  /** Of the metrics the median of the file's engine, where one was built. */
  static final String TENSORRT_MILLIS = "tensorrt_p50_ms";

  private static final int LATENCY_WARMUP = 10;
  private static final int LATENCY_RUNS = 100;

  private final SparkSession spark;
  private final TrackingServer server;
  private final DatasetConfig dataset;
  private final TestSamples samples;
  private final RootOption root;
  private final String split;
  private final Pictures pictures;
  private final Scoring scoring;

  /**
   * @param scoring what it has in common with other models
   */
  StudentScoring(
      SparkSession spark,
      TrackingServer server,
      TestSamples samples,
      RootOption root,
      Pictures pictures,
      Scoring scoring) {
    this.spark = spark;
    this.server = server;
    this.dataset = samples.dataset();
    this.samples = samples;
    this.root = root;
    this.split = samples.split();
    this.pictures = pictures;
    this.scoring = scoring;
  }

  /** The ONNX file of a run, as it ships. */
  Score student(Path folder) throws IOException {
    return student(folder, new ScoredFile(folder, Variant.FP32));
  }

  /** A file of another precision that lies beside it, or an engine. */
  Score score(Scored scored) throws IOException {
    return scored instanceof ScoredEngine engine
        ? engine(engine)
        : student(scored.folder(), (ScoredFile) scored);
  }

  private Score student(Path folder, ScoredFile file) throws IOException {
    RunRecord record = RunRecord.read(folder);
    Path onnx = file.require();
    String name = file.name(record.name());
    OnnxSource source = file.source();
    Optional<Score> known = known(file, name, source);
    if (known.isPresent()) {
      return known.get();
    }
    file.requireFits(source, dataset, root);
    log.info("Evaluating {} on split {}", onnx, split);
    String images = images(file);
    EvaluationResult result = run(name, images, source);
    Latency latency = latency(source);
    EngineResult engine = engineOf(file);
    Map<String, Double> metrics = scoring.metrics(result, images);
    metrics.putAll(latency.toMap());
    if (engine instanceof EngineResult.Built built) {
      metrics.put(TENSORRT_MILLIS, built.medianMillis());
    }
    Score score =
        score(
            record,
            name,
            metrics,
            Files.size(onnx),
            latency.p50Millis(),
            file.variant().forTensorRt() ? engine.summary() : "",
            source.digest(),
            images);
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      Path overlays = file.scores().resolve("overlays");
      boolean other = file.variant() != Variant.FP32 && !file.variant().answersByItself();
      if (!other && pictures.draw(source, overlays)) {
        run.artifacts(overlays, "overlays" + file.suffix());
      }
      run.tags(
          Map.of(
              "tensorrt" + file.suffix(),
              engine.summary(),
              "chosen_on_scored_split",
              String.valueOf(record.validatedOn().equals(split))));
      if (engine instanceof EngineResult.Built built) {
        EngineTracking.tell(run, file.variant().word(), built);
      }
      scoring.report(file, run, score, result, record.steps());
    }
    return score.write(file.scores()); // last: what is written counts as reported
  }

  /** The engine of a file as it runs on this machine's GPU. */
  private Score engine(ScoredEngine engine) throws IOException {
    RunRecord record = RunRecord.read(engine.folder());
    String name = engine.name(record.name());
    OnnxSource source = engine.source();
    Optional<Score> known = known(engine, name, source);
    if (known.isPresent()) {
      return known.get();
    }
    requireOpens(name, source);
    log.info("Evaluating {} on split {}", engine.built().engine(), split);
    String images = images(engine);
    EvaluationResult result = run(name, images, source);
    Map<String, Double> metrics = scoring.metrics(result, images);
    metrics.put(TENSORRT_MILLIS, engine.built().medianMillis());
    Score score =
        score(
            record,
            name,
            metrics,
            Files.size(engine.built().engine()),
            engine.built().medianMillis(),
            engine.built().summary(),
            source.digest(),
            images);
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      scoring.report(engine, run, score, result, record.steps());
    }
    return score.write(engine.scores());
  }

  private Optional<Score> known(Scored scored, String name, OnnxSource source) throws IOException {
    Optional<Score> known = scoring.known(scored.scores(), name, source.digest().hex());
    if (known.isPresent()) {
      log.info("{} is evaluated already; --force evaluates it again", name);
    }
    return known;
  }

  /** Looked at where it was built, before executors have it. */
  private static void requireOpens(String name, OnnxSource source) {
    try {
      source.open().close();
    } catch (IllegalArgumentException e) {
      throw new ConfigException("Cannot score " + name + ": " + e.getMessage(), e);
    }
  }

  private String images(Scored scored) {
    return root.imageTable(scored.name(scored.folder().getFileName().toString()), split);
  }

  private EvaluationResult run(String name, String images, OnnxSource source) {
    return scoring.requireAll(
        name,
        new Evaluation(dataset.classes(), images)
            .run(spark, samples.rows(), source, HadoopImages.of(spark)));
  }

  private Score score(
      RunRecord record,
      String name,
      Map<String, Double> metrics,
      long bytes,
      double millis,
      String tensorRt,
      Sha256 model,
      String images) {
    return new Score(
        name,
        "student",
        record.recipe(),
        record.student(),
        record.seed(),
        record.labels(),
        record.ranks(),
        split,
        metrics,
        record.parameters(),
        bytes,
        millis,
        "",
        tensorRt,
        model.hex(),
        samples.set().digest().hex(),
        root.relative(images),
        record.mlflowRun());
  }

  /** That an engine can't be built is told in the table: the file's score does not rest on it. */
  static EngineResult engineOf(ScoredFile file) {
    if (!file.variant().forTensorRt()) {
      return new EngineResult.NotBuilt(file.variant().word() + " is not for TensorRT");
    }
    try {
      return TensorRtEngine.build(
          NetworkFile.of(file.require()), file.engine(), EngineOptions.standard());
    } catch (EngineBuildException e) {
      log.warn("{}", e.getMessage());
      return new EngineResult.NotBuilt(
          "trtexec failed: " + e.getMessage().lines().findFirst().orElseThrow());
    }
  }

  /** Of the file at batch 1, as tables have it. */
  static Latency latency(OnnxSource source) {
    try (OnnxSegmenter segmenter = source.open()) {
      return Latency.measure(segmenter, LATENCY_WARMUP, LATENCY_RUNS);
    }
  }
}
