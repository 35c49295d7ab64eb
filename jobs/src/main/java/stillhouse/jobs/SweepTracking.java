package stillhouse.jobs;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingException;
import stillhouse.tracking.TrackingServer;

/**
 * A sweep's own MLflow run, under which MLflow's pages show its trainings. A sweep that goes on
 * from where it was stopped goes on with the same run.
 */
final class SweepTracking {
  private static final Logger log = LoggerFactory.getLogger(SweepTracking.class);
  private static final String PARENT = "mlflow.parentRunId";

  private final TrackingServer server;
  private final String experiment;
  private final TrackedRun run;
  private final boolean anew;

  private SweepTracking(TrackingServer server, String experiment, TrackedRun run, boolean anew) {
    this.server = server;
    this.experiment = experiment;
    this.run = run;
    this.anew = anew;
  }

  /**
   * @param folder of the sweep, where the run that it began is noted
   * @throws TrackingException where the server does not answer
   */
  static SweepTracking start(TrackingServer server, String experiment, String sweep, Path folder) {
    Optional<TrackedRun> begun = BegunRun.read(folder, server.uri()).flatMap(server::find);
    if (begun.isPresent()) {
      begun.get().reopen();
      return new SweepTracking(server, experiment, begun.get(), false);
    }
    TrackedRun run = server.start(experiment, sweep, JobTags.of("sweep", Map.of("sweep", sweep)));
    BegunRun.write(folder, server.uri(), run.id());
    log.info("MLflow run of the sweep: {}", run.address());
    return new SweepTracking(server, experiment, run, true);
  }

  /** The tags of a training of the sweep. */
  Map<String, String> tags(SweepCell cell) {
    return Map.of(PARENT, run.id(), "sweep", cell.sweep(), "sweep_run", cell.run());
  }

  /**
   * Sends the table and what it was made of.
   *
   * @return whether MLflow knows all of it
   */
  boolean tell(SweepTable table, List<Path> files) {
    try {
      if (anew) {
        adopt(table);
      }
      run.tags(described(table)); // parameters can't change, and a sweep gets further seeds
      run.metrics(table.figures(), 0);
      files.forEach(file -> run.artifact(file, "sweep"));
      endStopped(table);
      run.finish(table.failures().isEmpty());
      return true;
    } catch (TrackingException e) {
      log.warn(
          "Cannot tell MLflow at {} the sweep's table: {}. Run the same command again once it answers: nothing is trained anew.",
          server.uri(),
          e.getMessage());
      return false;
    }
  }

  /** Trainings that were made under another run, of another server say. */
  private void adopt(SweepTable table) {
    for (SweepTable.Row row : table.rows()) {
      for (SweepOutcome.Done done : row.done()) {
        try (TrackedRun child = server.resume(done.record().mlflowRun())) {
          child.tags(tags(row.cell()));
        }
      }
    }
  }

  /**
   * Ends the children of drivers that were killed and whose trainings have other runs by now, or
   * are no longer part of the sweep. Those of this table have ended as their trainings did.
   */
  private void endStopped(SweepTable table) {
    Set<String> own =
        table.rows().stream()
            .flatMap(row -> row.done().stream())
            .map(done -> done.record().mlflowRun())
            .collect(Collectors.toSet());
    for (String id : server.running(experiment, PARENT, run.id())) {
      if (!own.contains(id)) {
        log.info("Ending MLflow run {}: its driver was stopped, and none goes on with it", id);
        server.resume(id).finish(false);
      }
    }
  }

  private static Map<String, String> described(SweepTable table) {
    SweepConfig config = table.config();
    return Map.of(
        "baseline", config.baseline(),
        "students", String.join(",", config.students()),
        "runs", String.join(",", config.runs().stream().map(SweepConfig.Run::name).toList()),
        "seeds", config.seeds().toString(),
        "labels", config.labels().toString());
  }

  /** Marks a sweep that ended before its table was made. */
  void failed() {
    try {
      run.finish(false);
    } catch (TrackingException e) {
      log.warn("Cannot tell MLflow at {} that the sweep ended: {}", server.uri(), e.getMessage());
    }
  }
}
