package stillhouse.train;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

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
   * @param name of the pool's threads, which have a number behind it
   */
  Decoders(int threads, String name) {
    if (threads < 1) {
      throw new IllegalArgumentException("Invalid threads: " + threads + " (must be >= 1)");
    }
    this.threads = threads;
    var made = new AtomicInteger();
    this.pool =
        Executors.newCachedThreadPool(
            task -> {
              var thread = new Thread(task, name + "-" + made.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Cuts the items 0…count − 1 into a range a thread, of one at least, and returns, or throws, when
   * no thread is at work on them any more. The first failure is thrown, the others beside it as
   * suppressed ones. An interrupt of the caller is passed on to all threads and ends this object's
   * use.
   *
   * @throws IllegalStateException where the caller is interrupted meanwhile
   */
  void each(int count, Range work) {
    var failure = new AtomicReference<Throwable>();
    int ranges = Math.max(1, Math.min(threads, count));
    var running = new CountDownLatch(ranges - 1);
    for (int r = 1; r < ranges; r++) {
      int from = count * r / ranges;
      int to = count * (r + 1) / ranges;
      start(() -> attempt(work, from, to, failure), running, failure);
    }
    attempt(work, 0, count / ranges, failure);
    await(running, failure);
    if (failure.get() instanceof Error error) {
      throw error;
    }
    if (failure.get() != null) {
      throw (RuntimeException) failure.get();
    }
  }

  private void start(Runnable range, CountDownLatch running, AtomicReference<Throwable> failure) {
    try {
      pool.execute(
          () -> {
            range.run();
            running.countDown();
          });
    } catch (RuntimeException | Error e) { // closed, or there is no further thread to be had
      running.countDown();
      add(failure, e);
    }
  }

  private static void attempt(Range work, int from, int to, AtomicReference<Throwable> failure) {
    try {
      work.run(from, to);
    } catch (RuntimeException | Error e) {
      add(failure, e);
    }
  }

  private static void add(AtomicReference<Throwable> failure, Throwable another) {
    if (!failure.compareAndSet(null, another) && failure.get() != another) {
      failure.get().addSuppressed(another);
    }
  }

  private void await(CountDownLatch running, AtomicReference<Throwable> failure) {
    boolean interrupted = false;
    while (running.getCount() > 0) {
      try {
        running.await();
      } catch (InterruptedException e) {
        interrupted = true;
        pool.shutdownNow();
        add(failure, new IllegalStateException("Interrupted while decoding", e));
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    pool.shutdownNow();
  }
}
