package stillhouse.tracking;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.tracking.MlflowClientException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends metrics in batches from a thread of its own. A failed batch is kept and sent again, so a
 * server that is away for a while loses nothing; {@link #close} tries for a bounded time and then
 * says how many values could not be delivered.
 */
final class MetricStream implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MetricStream.class);
  private static final int BATCH = 900; // MLflow takes 1000 metrics a call
  private static final long PAUSE_MILLIS = 500;
  private static final int LAST_TRIES = 10;

  /** Delivers one batch or throws {@link MlflowClientException}. */
  interface Delivery {
    void send(List<Metric> batch);
  }

  private final String runId;
  private final Delivery delivery;
  private final LinkedBlockingQueue<Metric> queue = new LinkedBlockingQueue<>();
  private final List<Metric> unsent = new ArrayList<>();
  private final Thread sender;
  private volatile boolean closing;

  MetricStream(String runId, Delivery delivery) {
    this.runId = runId;
    this.delivery = delivery;
    this.sender = new Thread(this::loop, "mlflow-metrics-" + runId);
    sender.setDaemon(true);
    sender.start();
  }

  void offer(Metric metric) {
    if (closing) {
      throw new IllegalStateException(
          "Run " + runId + " is closed; metric " + metric.getKey() + " came after");
    }
    queue.add(metric);
  }

  /**
   * @throws TrackingException where the server did not take everything in time
   */
  @Override
  public void close() {
    if (closing) {
      return;
    }
    closing = true;
    try {
      sender.join(TimeUnit.SECONDS.toMillis(60));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    int left = queue.size() + unsent.size();
    if (left > 0) {
      throw new TrackingException(
          left + " metrics of run " + runId + " could not be delivered to MLflow");
    }
  }

  private void loop() {
    int failures = 0;
    while (!closing || ((!queue.isEmpty() || !unsent.isEmpty()) && failures < LAST_TRIES)) {
      try {
        await();
        if (flush()) {
          failures = 0;
        } else {
          failures++;
          TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS * Math.min(failures, 20));
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void await() throws InterruptedException {
    if (unsent.isEmpty() && queue.isEmpty()) {
      Metric first = queue.poll(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
      if (first != null) {
        unsent.add(first);
        if (!closing) {
          TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS); // lets a batch gather
        }
      }
    }
  }

  private boolean flush() {
    queue.drainTo(unsent, BATCH - unsent.size());
    if (unsent.isEmpty()) {
      return true;
    }
    try {
      delivery.send(unsent);
      unsent.clear();
      return true;
    } catch (MlflowClientException e) {
      log.warn(
          "MLflow did not take {} metrics of run {}; trying again: {}",
          unsent.size(),
          runId,
          e.getMessage());
      return false;
    }
  }
}
