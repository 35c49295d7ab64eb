package stillhouse.jobs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.canary.Canary;
import stillhouse.canary.Check;
import stillhouse.data.HadoopImages;
import stillhouse.predict.OnnxSource;
import stillhouse.tensorrt.EngineResult;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/**
 * Holds files of other precisions against the FP32 file that they were made from, on a few images
 * of a split, and tells their run in MLflow.
 */
final class VariantCanary {
  private static final Logger log = LoggerFactory.getLogger(VariantCanary.class);
  private static final String TENSORRT = "TensorRT";

  private final SparkSession spark;
  private final TrackingServer server;
  private final TestSamples samples;
  private final RootOption root;
  private final CanaryOptions.Terms terms;
  private final boolean force;
  private List<Row> rows = List.of();

  /**
   * @param force whether what was looked at is looked at again
   */
  VariantCanary(
      SparkSession spark,
      TrackingServer server,
      TestSamples samples,
      RootOption root,
      CanaryOptions.Terms terms,
      boolean force) {
    this.spark = spark;
    this.server = server;
    this.samples = samples;
    this.root = root;
    this.terms = terms;
    this.force = force;
  }

  /**
   * Looks at a file, unless that was done of the same file, FP32 file and images.
   *
   * @param fp32 the score of the FP32 file
   * @param score the file's
   */
  CanaryReport of(Scored file, Score fp32, Score score) {
    Optional<CanaryReport> there = force ? Optional.empty() : CanaryReport.read(file.scores());
    return there
        .filter(report -> report.isOf(score, fp32.model()) && report.terms().equals(terms.text()))
        .orElseGet(() -> look(file, fp32, score));
  }

  /** What is known of a file that says no number, if that is it; looked at again where forced. */
  Optional<CanaryReport> knownBroken(Scored scored, Score fp32) {
    return force
        ? Optional.empty()
        : CanaryReport.read(scored.scores())
            .filter(report -> report.isOfUnscored(scored.source().digest().hex(), fp32));
  }

  /**
   * Of a file that has no score since it says no number.
   *
   * @param found of which image, and what
   */
  CanaryReport broken(Scored scored, Score fp32, String found) {
    var report =
        new CanaryReport(
            scored.source().digest().hex(),
            fp32.model(),
            fp32.split(),
            fp32.samples(),
            terms.text(),
            List.of(Check.of(Canary.FINITE, false, found)));
    tell(scored, RunRecord.read(scored.folder()), report);
    return report;
  }

  private CanaryReport look(Scored file, Score fp32, Score score) {
    OnnxSource exact = OnnxSource.of(OnnxFiles.require(file.folder()), 1);
    OnnxSource other = file.source();
    HadoopImages images = HadoopImages.of(spark);
    boolean own = file.variant().answersByItself();
    List<Check> checks = new ArrayList<>();
    if (!own) {
      checks.addAll(
          terms
              .canary()
              .answers(exact, other, Mapped.of(rows().iterator(), images::read))
              .checks());
    }
    RunRecord record = RunRecord.read(file.folder());
    checks.add(
        new BoundaryCheck(spark, root, own ? 0 : terms.maxDrop())
            .of(EvaluatedRun.of(fp32, record), "FP32 file's", EvaluatedRun.of(score, record)));
    gain(file, exact, other, fp32, score).ifPresent(checks::add);
    var report =
        new CanaryReport(
            score.model(), fp32.model(), score.split(), score.samples(), terms.text(), checks);
    log.info(
        "Canary of {}: {}\n{}", score.name(), report.verdict().summary(), report.verdict().text());
    tell(file, record, report);
    return report;
  }

  /** What it is made for: by that it must be better than FP32. */
  private Optional<Check> gain(
      Scored scored, OnnxSource exact, OnnxSource other, Score fp32, Score score) {
    return switch (scored.variant()) {
      case FP32 -> Optional.empty(); // what the others are held against, or its own engine
      case POINTS ->
          Optional.empty(); // a decoder's calls more, which must not lose: that is checked
      case INT8_CPU -> Optional.of(terms.canary().latency(exact, other));
      case INT8_WEIGHT_ONLY -> Optional.of(Canary.size(fp32.bytes(), score.bytes()));
      case FP16, INT8 -> Optional.of(engines(scored, fp32, score));
    };
  }

  private Check engines(Scored scored, Score fp32, Score score) {
    return inTensorRt(
        terms.canary(),
        StudentScoring.engineOf(new ScoredFile(scored.folder(), Variant.FP32)),
        fp32,
        StudentScoring.engineOf(new ScoredFile(scored.folder(), scored.variant())),
        score);
  }

  /**
   * By the engines as they lie there: a score may be older than its file's engine. Where this
   * machine can't say, by what the scores know.
   *
   * @param exact the FP32 file's engine; other the file's
   */
  static Check inTensorRt(
      Canary canary, EngineResult exact, Score fp32, EngineResult other, Score score) {
    if (exact instanceof EngineResult.Built before && other instanceof EngineResult.Built now) {
      return canary.latency(TENSORRT, before.medianMillis(), now.medianMillis());
    }
    Double before = fp32.metrics().get(StudentScoring.TENSORRT_MILLIS);
    Double now = score.metrics().get(StudentScoring.TENSORRT_MILLIS);
    if (before != null && now != null) {
      return canary.latency(TENSORRT, before, now);
    }
    String missing =
        other instanceof EngineResult.NotBuilt
            ? "which was " + other.summary()
            : "where the FP32 file's engine was " + exact.summary();
    return Check.of(
        Canary.LATENCY,
        false,
        "not measured: the file is for TensorRT, %s. Evaluate it where there is a GPU, with --force"
            .formatted(missing));
  }

  private void tell(Scored file, RunRecord record, CanaryReport report) {
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      Map<String, Double> metrics = new HashMap<>();
      report.values().forEach((name, v) -> metrics.put("canary/" + name + file.suffix(), v));
      run.metrics(metrics, record.steps());
      run.tags(Map.of("canary" + file.suffix(), report.verdict().summary()));
    }
    report.write(file.scores()); // last: what is written counts as told
  }

  private List<Row> rows() {
    if (rows.isEmpty()) {
      rows = samples.drawn(terms.images());
    }
    return rows;
  }
}
