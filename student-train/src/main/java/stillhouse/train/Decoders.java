package stillhouse.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Threads that make the samples of a batch ready side by side: the caller's own and those of a
 * pool. What comes of it is the same for any number.
 */
final class Decoders implements AutoCloseable {
  /** Some of the work's items. */
  interface Range {
    void run(int from, int to);
  }

  private final int threads;
  private final ExecutorService pool;

  /**
   * @param threads the caller's included
   */
  Decoders(int threads, String name) {
    if (threads < 1) {
      throw new IllegalArgumentException("Invalid threads: " + threads + " (must be >= 1)");
    }
    this.threads = threads;
    this.pool =
        Executors.newCachedThreadPool(
            task -> {
              var thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Cuts the items 0…count − 1 into a range a thread and returns when all are done.
   *
   * @throws IllegalStateException where the caller is interrupted meanwhile
   */
  void each(int count, Range work) {
    List<Future<?>> others = new ArrayList<>();
    for (int t = 1; t < threads; t++) {
      int from = bound(t, count);
      int to = bound(t + 1, count);
      if (from < to) {
        others.add(pool.submit(() -> work.run(from, to)));
      }
    }
    RuntimeException failure = null;
    try {
      work.run(0, bound(1, count));
    } catch (RuntimeException e) {
      failure = e;
    }
    for (Future<?> other : others) { // all of them: what they write into is the caller's
      failure = first(failure, other);
    }
    if (failure != null) {
      throw failure;
    }
  }

  private int bound(int range, int count) {
    return (int) ((long) count * range / threads);
  }

  private static RuntimeException first(RuntimeException earlier, Future<?> other) {
    try {
      other.get();
      return earlier;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      return earlier == null ? (RuntimeException) e.getCause() : earlier;
    } catch (InterruptedException e) {
      other.cancel(true);
      Thread.currentThread().interrupt();
      return earlier == null ? new IllegalStateException("Interrupted while decoding", e) : earlier;
    }
  }

  @Override
  public void close() {
    pool.shutdownNow();
  }
}
