package stillhouse.comm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import ml.dmlc.xgboost4j.java.RabitTracker;
import ml.dmlc.xgboost4j.java.XGBoostError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The meeting point of one attempt's ranks, started by rank 0 inside its task, so that every
 * attempt has a fresh one.
 */
public final class Tracker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Tracker.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final RabitTracker tracker;

  private Tracker(RabitTracker tracker) {
    this.tracker = tracker;
  }

  /**
   * @param host the address that the other ranks reach this one at
   * @param timeoutSeconds how long the ranks may take to join
   */
  public static Tracker start(String host, int ranks, int timeoutSeconds) {
    try {
      RabitTracker tracker = new RabitTracker(ranks, host, 0, timeoutSeconds);
      if (!tracker.start()) {
        throw new XGBoostError("the tracker did not start");
      }
      return new Tracker(tracker);
    } catch (XGBoostError e) {
      throw new CommunicationException(
          "Cannot start the tracker of " + ranks + " ranks on " + host, e);
    }
  }

  /** What a rank needs to join, as one line of JSON that ranks pass on. */
  public String arguments() {
    try {
      return JSON.writeValueAsString(tracker.getWorkerArgs());
    } catch (XGBoostError | JsonProcessingException e) {
      throw new CommunicationException("Cannot read the tracker's arguments", e);
    }
  }

  static Map<String, Object> parse(String arguments) {
    try {
      return JSON.readValue(arguments, new TypeReference<>() {});
    } catch (JsonProcessingException e) {
      throw new CommunicationException("Cannot read tracker arguments '" + arguments + "'", e);
    }
  }

  @Override
  public void close() {
    try {
      tracker.stop();
    } catch (XGBoostError e) {
      LOG.warn("The tracker did not stop cleanly: {}", e.getMessage());
    }
  }
}
