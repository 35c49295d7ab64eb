package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import stillhouse.tensorrt.EngineResult;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** What MLflow's run learns of an engine: its files, how fast it is, on which device. */
final class EngineTracking {
  private EngineTracking() {}

  /**
   * @param label the precision: a folder of the run's artifacts below {@code tensorrt/}
   * @return where a browser shows the run
   */
  static String tell(TrackingServer server, String id, String label, EngineResult.Built built) {
    try (TrackedRun run = server.resume(id)) {
      tell(run, label, built);
      return run.address();
    }
  }

  static void tell(TrackedRun run, String label, EngineResult.Built built) {
    files(built).forEach(file -> run.artifact(file, "tensorrt/" + label));
    String suffix = Variant.of(label).map(Variant::suffix).orElseThrow();
    Map<String, Double> metrics = new HashMap<>();
    metrics.put("tensorrt/images_per_second" + suffix, built.manifest().imagesPerSecond());
    metrics.put("tensorrt/engine_bytes" + suffix, (double) built.manifest().engine().bytes());
    built
        .manifest()
        .latencyMillis()
        .forEach((name, value) -> metrics.put("tensorrt/" + name + "_ms" + suffix, value));
    run.metrics(metrics, 0);
    run.tags(Map.of("tensorrt" + suffix, built.summary()));
  }

  private static List<Path> files(EngineResult.Built built) {
    return Stream.concat(built.files().stream(), Stream.of(built.timingCache()))
        .distinct()
        .filter(Files::isRegularFile)
        .toList();
  }
}
