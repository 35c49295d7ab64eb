package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingException;
import stillhouse.tracking.TrackingServer;

/**
 * What a refresh tells the MLflow server. A server that is away ends no refresh: the run is made at
 * the end where it could not be at the beginning, and what was never told is in the job's log.
 */
final class RefreshTracking {
  private static final Logger log = LoggerFactory.getLogger(RefreshTracking.class);

  /**
   * @param name of the run
   */
  record Facts(
      String experiment, String name, Map<String, String> tags, Map<String, String> params) {}

  private final TrackingServer server;
  private final Facts facts;
  private final Map<String, Double> figures = new LinkedHashMap<>();
  private TrackedRun run; // null while the server has not answered
  private boolean described;

  private RefreshTracking(TrackingServer server, Facts facts) {
    this.server = server;
    this.facts = facts;
  }

  /** Starts the run, or warns that MLflow has none yet. */
  static RefreshTracking start(TrackingServer server, Facts facts) {
    RefreshTracking tracking = new RefreshTracking(server, facts);
    tracking.begin("The refresh goes on; this is tried again at its end.");
    return tracking;
  }

  /**
   * Runs the refresh and tells how it ended, whatever ends it: Spark's Scala throws checked
   * exceptions that no signature names.
   *
   * @param refresh whether anything could be cached
   */
  boolean tell(BooleanSupplier refresh) {
    boolean done;
    try {
      done = refresh.getAsBoolean();
    } catch (Throwable e) {
      failed(Failure.of(e).message());
      throw e;
    }
    if (done) {
      finished();
    } else {
      failed("no sample could be cached");
    }
    return done;
  }

  /** Keeps figures for the end, whatever that is. */
  void figures(Map<String, Double> some) {
    figures.putAll(some);
  }

  /**
   * @return whether MLflow knows all of it
   */
  boolean finished() {
    return end(true);
  }

  /**
   * @param cause in a sentence
   */
  void failed(String cause) {
    if (run != null) {
      told("why it failed", "", () -> run.tags(Map.of("failure", cause)));
    }
    end(false);
  }

  private boolean end(boolean succeeded) {
    String remedy = "Nothing is to be done again; what it lacks is in this log: " + figures;
    boolean knows = begin(remedy);
    if (run != null) {
      run.metrics(figures, 0);
      knows &= told("the figures", remedy, run::close);
      knows &= told("how it ended", "It shows the run as running.", () -> run.finish(succeeded));
    }
    return knows;
  }

  private boolean begin(String remedy) {
    if (run == null) {
      told("of the refresh", remedy, () -> run = open());
    }
    if (run != null && !described) {
      described = told("the parameters", remedy, () -> run.params(facts.params()));
    }
    return described;
  }

  private TrackedRun open() {
    TrackedRun opened = server.start(facts.experiment(), facts.name(), facts.tags());
    log.info("MLflow run {}", opened.address());
    return opened;
  }

  private boolean told(String what, String remedy, Runnable call) {
    try {
      call.run();
      return true;
    } catch (TrackingException e) {
      log.warn("Cannot tell MLflow at {} {}: {}. {}", server.uri(), what, e.getMessage(), remedy);
      return false;
    }
  }
}
