package stillhouse.train;

import java.io.Serializable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the driver's side of a run hears of its ranks. */
public final class TrainingReports {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingReports.class);
  private static final Map<String, TrainingListener> LISTENERS = new ConcurrentHashMap<>();

  private TrainingReports() {}

  /**
   * Tells {@code listener} of a run until the registration is closed. It is called from one of
   * Spark's threads; what it throws is logged and does not stop the run.
   */
  public static Registration listen(String runId, TrainingListener listener) {
    if (LISTENERS.putIfAbsent(runId, listener) != null) {
      throw new IllegalStateException("Run '" + runId + "' has a listener already");
    }
    return () -> LISTENERS.remove(runId, listener);
  }

  static void tell(String runId, Serializable report) {
    TrainingListener listener = LISTENERS.get(runId);
    if (listener == null) {
      return;
    }
    try {
      if (report instanceof TrainingMetrics.Step step) {
        listener.step(step);
      } else if (report instanceof TrainingMetrics.Epoch epoch) {
        listener.epoch(epoch);
      } else if (report instanceof RankLoad load) {
        listener.load(load);
      }
    } catch (RuntimeException e) {
      LOG.warn("A listener of run '{}' failed on {}", runId, report, e);
    }
  }

  /** Ends hearing. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }
}
