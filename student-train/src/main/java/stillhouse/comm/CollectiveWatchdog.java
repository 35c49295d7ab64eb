package stillhouse.comm;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds the time of a collective. A native call that waits for a peer can't be interrupted, and
 * the communicator's own timeout does not bound it, so past the limit the JVM is halted: Spark then
 * sees a lost executor, fails the attempt, and the driver resumes from the last checkpoint.
 */
public final class CollectiveWatchdog implements AutoCloseable {
  /** Exit status of a JVM that the watchdog halted. */
  public static final int EXIT_STATUS = 75; // EX_TEMPFAIL of sysexits.h: worth another attempt

  private static final Logger LOG = LoggerFactory.getLogger(CollectiveWatchdog.class);

  private final Duration timeout;
  private final Consumer<String> expired;
  private final ScheduledExecutorService timer;

  /** Halts this JVM past the timeout. */
  public CollectiveWatchdog(Duration timeout) {
    this(timeout, CollectiveWatchdog::halt);
  }

  CollectiveWatchdog(Duration timeout, Consumer<String> expired) {
    if (timeout.isZero() || timeout.isNegative()) {
      throw new IllegalArgumentException(
          "Invalid collectiveTimeoutSeconds: " + timeout.toMillis() / 1000.0 + " (must be > 0)");
    }
    this.timeout = timeout;
    this.expired = expired;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "stillhouse-collective-watchdog");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Runs a collective under the limit. */
  <E extends Exception> void guard(String what, Collective<E> collective) throws E {
    ScheduledFuture<?> alarm =
        timer.schedule(
            () -> expired.accept(message(what)), timeout.toMillis(), TimeUnit.MILLISECONDS);
    try {
      collective.run();
    } finally {
      alarm.cancel(false);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  private String message(String what) {
    return String.format(
        "Halting this JVM: %s did not end within %.0f s (collectiveTimeoutSeconds). A peer is slow,"
            + " gone or unreachable; the run resumes from its last checkpoint. Where peers are only"
            + " slow, raise collectiveTimeoutSeconds.",
        what, timeout.toMillis() / 1000.0);
  }

  private static void halt(String message) {
    LOG.error(message);
    System.err.println(message); // the log may be buffered, and halting flushes nothing
    System.err.flush();
    Runtime.getRuntime().halt(EXIT_STATUS);
  }

  /** A call that ends only when all ranks have made it. */
  @FunctionalInterface
  interface Collective<E extends Exception> {
    void run() throws E;
  }
}
