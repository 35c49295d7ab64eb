package stillhouse.teacher;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskContext$;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works on one element more than is asked for, on a thread of its own; results come in the
 * elements' order, and a failure where its result would have come. The elements themselves are
 * drawn by the caller's thread: Spark's iterators belong to it. The thread is one of the task's:
 * {@link TaskContext#get} holds there too.
 */
final class Ahead<A, B> implements Iterator<B>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ahead.class);

  private final Iterator<A> elements;
  private final Function<A, B> work;
  private final Consumer<B> discard;
  private final Ending ending;
  private final ExecutorService thread;
  private CompletableFuture<B> next; // null: none is under way
  private volatile boolean closed;

  /** How {@link #close} deals with work that is under way. */
  enum Ending {
    /** It is interrupted, and left alone after a while: a read of a file system may hang. */
    LEFT_ALONE,
    /** It is waited for, however long that takes: what it works with is closed next. */
    WAITED_FOR;

    private static final long PATIENCE_SECONDS = 10;
  }

  /**
   * @param discard takes a result that nobody will ask for
   */
  Ahead(Iterator<A> elements, Function<A, B> work, Consumer<B> discard, Ending ending) {
    this.elements = elements;
    this.work = work;
    this.discard = discard;
    this.ending = ending;
    TaskContext task = TaskContext.get();
    this.thread =
        Executors.newSingleThreadExecutor(
            run -> {
              var made =
                  new Thread(inTask(task, run), Thread.currentThread().getName() + ", ahead");
              made.setDaemon(true);
              return made;
            });
  }

  private static Runnable inTask(TaskContext task, Runnable run) {
    return () -> {
      if (task != null) {
        TaskContext$.MODULE$.setTaskContext(task);
      }
      run.run();
    };
  }

  @Override
  public boolean hasNext() {
    return next != null || (!closed && elements.hasNext());
  }

  @Override
  public B next() {
    if (!hasNext()) {
      throw new NoSuchElementException("No further element");
    }
    if (next == null) {
      start();
    }
    B result = get(next);
    next = null;
    if (elements.hasNext()) {
      start();
    }
    return result;
  }

  private void start() {
    try {
      A element = elements.next();
      next = CompletableFuture.supplyAsync(() -> work.apply(element), thread);
    } catch (RuntimeException | Error e) { // after the result that came before it
      next = CompletableFuture.failedFuture(e);
    }
  }

  private static <B> B get(CompletableFuture<B> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while the next batch was read", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause(); // a Function throws no other
    }
  }

  /** Whether the work under way is for nobody. */
  boolean closed() {
    return closed;
  }

  /** Ends the thread and discards what it made. Safe to call again. */
  @Override
  public void close() {
    closed = true;
    boolean ended = ending == Ending.WAITED_FOR ? waited() : interrupted();
    if (ended && next != null && next.isDone() && !next.isCompletedExceptionally()) {
      discard.accept(next.join());
    }
    next = null;
  }

  private boolean interrupted() {
    thread.shutdownNow();
    try {
      boolean ended = thread.awaitTermination(Ending.PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (!ended) {
        LOG.warn(
            "Reading ahead still runs {} s after its task ended; its thread ends with the read",
            Ending.PATIENCE_SECONDS);
      }
      return ended;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean waited() {
    thread.shutdown();
    boolean interrupted = false;
    while (!thread.isTerminated()) {
      try {
        thread.awaitTermination(1, TimeUnit.HOURS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return true;
  }
}
