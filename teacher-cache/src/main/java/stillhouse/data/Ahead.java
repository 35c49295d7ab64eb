package stillhouse.data;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
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
public final class Ahead<A, B> implements Iterator<B>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ahead.class);

  private final Iterator<A> elements;
  private final Function<A, B> work;
  private final Consumer<B> discard;
  private final Ending ending;
  private final String done;
  private final ExecutorService thread;
  private CompletableFuture<B> next; // null: none is under way
  private volatile Thread worker; // null: nothing was under way yet
  private volatile boolean closed;

  /** How {@link #close} deals with work that is under way. */
  public enum Ending {
    /** It is interrupted, and left alone after a while: a read of a file system may hang. */
    LEFT_ALONE,
    /** It is waited for, however long that takes: what it works with is closed next. */
    WAITED_FOR;

    private static final long PATIENCE_SECONDS = 10;
  }

  /**
   * @param discard takes a result that nobody will ask for
   * @param done with a batch, as messages and the thread's name say it
   */
  public Ahead(
      Iterator<A> elements, Function<A, B> work, Consumer<B> discard, Ending ending, String done) {
    this.elements = elements;
    this.work = work;
    this.discard = discard;
    this.ending = ending;
    this.done = done;
    TaskContext task = TaskContext.get();
    this.thread =
        Executors.newSingleThreadExecutor(
            run -> {
              var made =
                  new Thread(
                      inTask(task, run), Thread.currentThread().getName() + ", " + done + " ahead");
              made.setDaemon(true);
              worker = made;
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
    start();
    return result;
  }

  /** What goes wrong with the next element is said after the result that came before it. */
  private void start() {
    try {
      if (elements.hasNext()) {
        A element = elements.next();
        next = CompletableFuture.supplyAsync(() -> work.apply(element), thread);
      }
    } catch (Throwable e) { // Spark's iterators throw checked ones, too
      next = CompletableFuture.failedFuture(e);
    }
  }

  private B get(CompletableFuture<B> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while the next batch was " + done, e);
    } catch (ExecutionException e) {
      throw Ahead.<RuntimeException>asItIs(e.getCause());
    }
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException asItIs(Throwable cause) throws E {
    throw (E) cause;
  }

  /**
   * For work that is under way.
   *
   * @throws CancellationException where it is for nobody
   */
  public void requireOpen() {
    if (closed) {
      throw new CancellationException("The task ended");
    }
  }

  /** Ends the thread and discards what it made. Safe to call again. */
  @Override
  public void close() {
    closed = true;
    thread.shutdown(); // and not at once: what was handed over must be given back
    if (worker != null) {
      worker.interrupt(); // ends a read, and no native call
    }
    if (ending == Ending.WAITED_FOR) {
      waitFor();
    } else {
      waitAWhile();
    }
    if (next != null) {
      next.thenAccept(discard);
      next = null;
    }
  }

  private void waitAWhile() {
    try {
      if (!thread.awaitTermination(Ending.PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn(
            "A batch is still {} {} s after its task ended; the thread ends with it",
            done,
            Ending.PATIENCE_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void waitFor() {
    boolean interrupted = false;
    while (!thread.isTerminated()) {
      try {
        if (!thread.awaitTermination(1, TimeUnit.MINUTES)) {
          LOG.warn("A task has ended and waits for its last batch to be {}", done);
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
