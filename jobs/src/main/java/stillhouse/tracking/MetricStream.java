package stillhouse.tracking;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.mlflow.api.proto.Service.Metric;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends metrics in batches from a thread of its own. A failed batch is kept and sent again, so a
 * server that is away for a while loses nothing; what comes beyond {@value #LIMIT} values is
 * dropped. {@link #close} tries for a bounded time and then says how many could not be delivered.
 */
final class MetricStream implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MetricStream.class);
  static final int BATCH = 900; // MLflow takes 1000 metrics a call

  /**
   * Metrics a call where the server may have some of them. Its SQL store looks for known values by
   * the names of a hundred values at a time, and refuses all of a call whose known values have
   * names that come later in it (MLflow 3.6).
   */
  static final int PERHAPS_KNOWN = 100;

  private static final long PAUSE_MILLIS = 500;
  private static final int LIMIT = 200_000; // some 40 MB of the driver's heap: hours of a fast run
  private static final int LAST_TRIES = 10;

  /** Delivers one batch or throws. */
  interface Delivery {
    void send(List<Metric> batch);
  }

  private final String runId;
  private final Delivery delivery;
  private final long pauseMillis;
  private final LinkedBlockingQueue<Metric> queue = new LinkedBlockingQueue<>(LIMIT);
  private final AtomicLong undelivered = new AtomicLong(); // dropped ones among them, for good
  private final AtomicBoolean full = new AtomicBoolean();
  private final List<Metric> unsent = new ArrayList<>();
  private int perhapsKnown; // of the first of them: the answer to a call was lost, or a refusal
  private final Thread sender;
  private volatile boolean closing;
  private volatile String lastFailure = "";

  MetricStream(String runId, Delivery delivery) {
    this(runId, delivery, PAUSE_MILLIS);
  }

  /**
   * @param pauseMillis for which a batch may gather; also the unit of the pauses after failures
   */
  MetricStream(String runId, Delivery delivery, long pauseMillis) {
    this.runId = runId;
    this.delivery = delivery;
    this.pauseMillis = pauseMillis;
    this.sender = new Thread(this::loop, "mlflow-metrics-" + runId);
    sender.setDaemon(true);
    sender.start();
  }

  void offer(Metric metric) {
    if (closing) {
      throw new IllegalStateException(
          "Run " + runId + " is closed; metric " + metric.getKey() + " came after");
    }
    undelivered.incrementAndGet(); // first: it is never told to be there when it is not
    if (!queue.offer(metric) && full.compareAndSet(false, true)) {
      log.warn(
          "MLflow has not taken {} metrics of run {}: further ones are dropped until it does",
          LIMIT,
          runId);
    }
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
    long left = undelivered();
    if (left > 0) {
      throw new TrackingException(
          left + " metrics of run " + runId + " could not be delivered to MLflow" + lastFailure);
    }
  }

  /** Values that the server does not have: those that wait, are on their way, or were dropped. */
  long undelivered() {
    return undelivered.get();
  }

  /** Values that wait in this process's memory for their turn. */
  int waiting() {
    return queue.size();
  }

  private void loop() {
    int failures = 0; // in a row
    int lastTries = 0; // however long the server was away before the end
    while (!closing || ((!queue.isEmpty() || !unsent.isEmpty()) && lastTries < LAST_TRIES)) {
      try {
        boolean last = closing;
        await();
        if (flush()) {
          failures = 0;
        } else {
          failures++;
          lastTries += last ? 1 : 0;
          TimeUnit.MILLISECONDS.sleep(pauseMillis * Math.min(last ? lastTries : failures, 20));
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void await() throws InterruptedException {
    if (unsent.isEmpty() && queue.isEmpty()) {
      Metric first = queue.poll(pauseMillis, TimeUnit.MILLISECONDS);
      if (first != null) {
        unsent.add(first);
        if (!closing) {
          TimeUnit.MILLISECONDS.sleep(pauseMillis); // lets a batch gather
        }
      }
    }
  }

  private boolean flush() {
    queue.drainTo(unsent, BATCH - unsent.size());
    if (unsent.isEmpty()) {
      return true;
    }
    int size = perhapsKnown == 0 ? unsent.size() : Math.min(perhapsKnown, PERHAPS_KNOWN);
    List<Metric> batch = unsent.subList(0, size);
    perhapsKnown = Math.max(perhapsKnown, size);
    try {
      delivery.send(batch);
      undelivered.addAndGet(-size);
      perhapsKnown -= size;
      batch.clear();
      return true;
    } catch (RuntimeException e) { // whatever it is, this thread goes on
      lastFailure = ": " + e.getMessage();
      log.warn(
          "MLflow did not take {} metrics of run {}, {} more wait; trying again: {}",
          size,
          runId,
          unsent.size() - size + waiting(),
          e.getMessage());
      return false;
    }
  }
}
