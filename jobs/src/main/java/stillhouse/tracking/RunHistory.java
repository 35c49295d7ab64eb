package stillhouse.tracking;

import java.nio.file.Path;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A run's curves as they were told: what an MLflow server has of them, and what waits in the run's
 * folder until it has it.
 *
 * @param curves by name, each by step
 * @param told whether a server that was asked knows the run
 */
public record RunHistory(Map<String, NavigableMap<Long, Double>> curves, boolean told) {
  private static final int BATCH = 1000;

  /**
   * @param runId empty where MLflow has none of it
   * @param folder of the run
   * @param wanted which curves, by name
   */
  public static RunHistory of(
      Optional<TrackingServer> server, String runId, Path folder, Predicate<String> wanted) {
    Optional<TrackingServer> knowing = server.filter(s -> !runId.isEmpty() && s.knows(runId));
    Map<String, NavigableMap<Long, Double>> curves =
        knowing.map(s -> s.curves(runId, wanted)).orElseGet(TreeMap::new);
    CurveSpool.beside(folder)
        .read(
            BATCH,
            metrics ->
                metrics.stream()
                    .filter(m -> wanted.test(m.getKey()))
                    .forEach(
                        m ->
                            curves
                                .computeIfAbsent(m.getKey(), key -> new TreeMap<>())
                                .put(m.getStep(), m.getValue())));
    return new RunHistory(curves, knowing.isPresent());
  }
}
