package stillhouse.jobs;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import stillhouse.cache.CacheReport;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestReport;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingException;
import stillhouse.tracking.TrackingServer;

/**
 * Ingest and cache, one after the other, with a run in MLflow that says what changed: what a
 * cluster does each night. A server that goes away meanwhile stops nothing; the job says so at its
 * end.
 */
@Command(
    name = "refresh",
    mixinStandardHelpOptions = true,
    description =
        "Takes up new, changed and gone images, asks the teacher what is missing alone, and reports to MLflow.")
final class RefreshCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(RefreshCommand.class);
  private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm");
  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private CacheOption cache;
  @Mixin private TrackingOptions tracking;

  /** What was done, and how long either half took. */
  private record Report(
      IngestReport ingest, double ingestSeconds, CacheReport cache, double cacheSeconds) {

    boolean failed() {
      return cache.cached() == 0;
    }

    Map<String, Double> metrics() {
      Map<String, Double> metrics = new LinkedHashMap<>();
      metrics.put("ingest/found", (double) ingest.found());
      metrics.put("ingest/known", (double) ingest.known());
      metrics.put("ingest/added", (double) ingest.added());
      metrics.put("ingest/changed", (double) ingest.changed());
      metrics.put("ingest/gone", (double) ingest.gone());
      metrics.put("ingest/quarantined", (double) ingest.quarantined());
      metrics.put("ingest/seconds", ingestSeconds);
      metrics.put("cache/samples", (double) cache.samples());
      metrics.put("cache/cached", (double) cache.cached());
      metrics.put("cache/quarantined", (double) cache.quarantined());
      metrics.put("cache/features_new", (double) cache.features().written());
      metrics.put("cache/features_reused", (double) cache.features().reused());
      metrics.put("cache/answers_new", (double) cache.answers().written());
      metrics.put("cache/structure_new", (double) cache.structure().written());
      metrics.put("cache/seconds", cacheSeconds);
      return metrics;
    }
  }

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    LocalTeacher source = teacher.resolve();
    cache.check();
    try (var server = tracking.connect();
        var session = JobSession.open("refresh " + dataset.name())) {
      TrackedRun run = start(server, dataset, source.spec());
      Report report;
      boolean done = false;
      try {
        report = refresh(session, dataset, source);
        done = !report.failed();
        run.metrics(report.metrics(), 0);
      } finally {
        if (!done) {
          end(run, false);
        }
      }
      return done && end(run, true) ? 0 : Stillhouse.FAILED;
    }
  }

  private Report refresh(JobSession session, DatasetConfig dataset, LocalTeacher source) {
    long began = System.nanoTime();
    IngestReport ingested = IngestCommand.run(session, root.uri(), dataset);
    long between = System.nanoTime();
    CacheReport cached = cache.run(session, root.uri(), dataset, source);
    long ended = System.nanoTime();
    return new Report(ingested, (between - began) / 1e9, cached, (ended - between) / 1e9);
  }

  private TrackedRun start(TrackingServer server, DatasetConfig dataset, TeacherSpec spec) {
    Map<String, String> tags =
        Map.of(
            "dataset", dataset.name(),
            "teacher", spec.name(),
            "mlflow.source.name", "stillhouse refresh",
            "mlflow.source.type", "JOB",
            "mlflow.user", System.getProperty("user.name"));
    String name = "refresh " + MINUTE.format(LocalDateTime.now());
    TrackedRun run = server.start(dataset.name() + "-cache", name, tags);
    var keys = Prompts.keys(dataset, spec);
    run.params(
        Map.of(
            "workspace", root.uri(),
            "teacher", spec.name(),
            "encoder", spec.encoderDigest().hex(),
            "decoder", spec.decoderDigest().hex(),
            "preprocessing", spec.preprocessing().hex(),
            "prompts", keys.plan().isEmpty() ? "none" : keys.plan(),
            "encoding", keys.encoding().text(),
            "structure_radius", String.valueOf(keys.radius())));
    log.info("MLflow run {}", run.address());
    return run;
  }

  /** False where the server was not there to be told. */
  private static boolean end(TrackedRun run, boolean succeeded) {
    try {
      run.finish(succeeded);
      return true;
    } catch (TrackingException e) {
      log.error(
          "MLflow was not told how this ended; the workspace keeps what was done: {}",
          e.getMessage());
      return false;
    }
  }
}
