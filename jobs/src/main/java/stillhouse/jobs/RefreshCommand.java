package stillhouse.jobs;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheRepair;
import stillhouse.cache.CacheReport;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestReport;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherSpec;

/**
 * Ingest and cache, one after the other, with a run in MLflow that says what changed: what a
 * cluster does each night. A server that goes away meanwhile stops nothing.
 */
@Command(
    name = "refresh",
    mixinStandardHelpOptions = true,
    description =
        "Takes up new, changed and gone images, asks the teacher what is missing alone, and reports"
            + " to MLflow.")
final class RefreshCommand implements Callable<Integer> {
  private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm");
  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private ChunkOption chunk;
  @Mixin private RepairOption repair;
  @Mixin private RecipeViews recipes;
  @Mixin private TrackingOptions tracking;

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    LocalTeacher source = teacher.resolve(dataset);
    chunk.check();
    CacheOptions options = recipes.in(chunk.options(dataset));
    try (var server = tracking.connect();
        var session = JobSession.open("refresh " + dataset.name())) {
      var told = RefreshTracking.start(server, facts(dataset, source.spec()));
      boolean done = told.tell(() -> refresh(session, dataset, source, options, told));
      return done ? 0 : Stillhouse.FAILED;
    }
  }

  /** Each half's figures are kept as soon as it is done: the next run finds its work as known. */
  private boolean refresh(
      JobSession session,
      DatasetConfig dataset,
      LocalTeacher source,
      CacheOptions options,
      RefreshTracking told) {
    Optional<CacheRepair.Report> books = repair.ingested(session, root.uri());
    long began = System.nanoTime();
    IngestReport ingested = IngestCommand.run(session, root.uri(), dataset);
    told.figures(figures(ingested, seconds(began)));
    repair
        .cache(session, root.uri())
        .ifPresent(cache -> told.figures(figures(cache.plus(books.orElseThrow()))));
    began = System.nanoTime();
    CacheReport cached = CacheCommand.run(session, root.uri(), dataset, source, options);
    told.figures(figures(cached, seconds(began)));
    return cached.cached() > 0;
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }

  private static Map<String, Double> figures(IngestReport report, double seconds) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("ingest/found", (double) report.found());
    figures.put("ingest/known", (double) report.known());
    figures.put("ingest/added", (double) report.added());
    figures.put("ingest/changed", (double) report.changed());
    figures.put("ingest/gone", (double) report.gone());
    figures.put("ingest/quarantined", (double) report.quarantined());
    figures.put("ingest/seconds", seconds);
    return figures;
  }

  private static Map<String, Double> figures(CacheRepair.Report report) {
    return Map.of(
        "repair/files", (double) report.files(),
        "repair/rows_kept", (double) report.kept(),
        "repair/rows_lost", (double) report.lost(),
        "repair/rows_surplus", (double) report.surplus());
  }

  private static Map<String, Double> figures(CacheReport report, double seconds) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("cache/samples", (double) report.samples());
    figures.put("cache/cached", (double) report.cached());
    figures.put("cache/quarantined", (double) report.quarantined());
    figures.put("cache/features_new", (double) report.features().written());
    figures.put("cache/features_reused", (double) report.features().reused());
    figures.put("cache/answers_new", (double) report.answers().written());
    figures.put("cache/structure_new", (double) report.structure().written());
    figures.put("cache/seconds", seconds);
    return figures;
  }

  private RefreshTracking.Facts facts(DatasetConfig dataset, TeacherSpec spec) {
    Map<String, String> tags =
        JobTags.of("refresh", Map.of("dataset", dataset.name(), "teacher", spec.name()));
    Map<String, String> params =
        Map.of(
            "workspace", root.uri(),
            "teacher", spec.name(),
            "encoder", spec.encoderDigest().hex(),
            "decoder", spec.decoderDigest().hex(),
            "preprocessing", spec.preprocessing().hex(),
            "prompts", Prompts.fingerprint(dataset, spec),
            "cache_encoding", Prompts.encoding(dataset),
            "structure_radius", String.valueOf(dataset.cache().structureRadius()));
    String name = "refresh " + MINUTE.format(LocalDateTime.now());
    return new RefreshTracking.Facts(dataset.name() + "-cache", name, tags, params);
  }
}
