package stillhouse.train;

import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import stillhouse.loss.Draws;

/**
 * One rank's batches, read and decoded ahead by threads of its own, at most {@link Options#queue()}
 * of them. Runs on from one epoch into the next, so that no epoch begins by waiting.
 *
 * <p>A tensor whose column the reader does not read has shape [0]: never null, and of no use to a
 * loss that was not declared. A share without samples has tensors of batch 0.
 */
public final class BatchLoader implements AutoCloseable {
  /**
   * @param seed of augmentation and of {@link stillhouse.loss.Draws}
   * @param labelFraction share of the labelled samples whose labels are used, 0…1, by {@link
   *     SampleKey#labelWithin}
   * @param queue batches decoded ahead
   * @param decodingThreads that read and decode a batch's samples side by side
   * @param weights of samples that count otherwise than the view has it
   */
  public record Options(
      long seed,
      double labelFraction,
      Photometric photometric,
      int queue,
      int decodingThreads,
      SampleWeights weights) {
    /** One thread, and every sample counts as the view has it. */
    public Options(long seed, double labelFraction, Photometric photometric, int queue) {
      this(seed, labelFraction, photometric, queue, 1, SampleWeights.NONE);
    }

    public Options {
      if (!(labelFraction >= 0 && labelFraction <= 1)) {
        throw new IllegalArgumentException(
            "Invalid labelFraction: " + labelFraction + " (must be 0…1)");
      }
      if (queue < 1) {
        throw new IllegalArgumentException("Invalid queue: " + queue + " (must be >= 1)");
      }
      if (decodingThreads < 1) {
        throw new IllegalArgumentException(
            "Invalid decodingThreads: " + decodingThreads + " (must be >= 1)");
      }
    }
  }

  private sealed interface Prefetched {}

  private record Ready(HostBatch batch) implements Prefetched {}

  private record Failed(Throwable cause) implements Prefetched {}

  private final ViewReader reader;
  private final SampleOrder order;
  private final Options options;
  private final int rank;
  private final int ranks;
  private final int fromEpoch;
  private final int fromStep;
  private final int untilEpoch;
  private final BatchMemory memory = new BatchMemory();
  private final Decoders decoders;
  private final BlockingQueue<Prefetched> queue;
  private final Thread thread;

  private HostBatch handedOut; // null before the first
  private volatile boolean closed;
  private long remaining;
  private long waitedNanos;

  /**
   * Starts reading.
   *
   * @param fromEpoch the epoch of the first batch
   * @param fromStep its step in that epoch: where a resumed run goes on
   * @param untilEpoch the first epoch not to read
   * @throws IllegalArgumentException where {@code ranks} does not divide the batch, or the reader's
   *     cache can't hold a row group for each of this rank's slots
   */
  public BatchLoader(
      ViewReader reader,
      SampleOrder order,
      Options options,
      int rank,
      int ranks,
      int fromEpoch,
      int fromStep,
      int untilEpoch) {
    requireRoom(reader, order.slotsPerRank(ranks));
    this.reader = reader;
    this.order = order;
    this.options = options;
    this.rank = rank;
    this.ranks = ranks;
    this.fromEpoch = fromEpoch;
    this.fromStep = fromStep;
    this.untilEpoch = untilEpoch;
    this.remaining = Math.max(0, (long) (untilEpoch - fromEpoch) * order.steps() - fromStep);
    this.queue = new ArrayBlockingQueue<>(options.queue());
    this.decoders = new Decoders(options.decodingThreads(), "batches-rank-" + rank);
    this.thread = new Thread(this::prefetch, "batches-rank-" + rank);
    this.thread.setDaemon(true);
    this.thread.start();
  }

  /** Whether {@link #next} has another step, with or without samples of this rank. */
  public boolean hasNext() {
    return remaining > 0;
  }

  /**
   * The next step's share, its tensors attached to {@code manager}. They may be read until the next
   * call, which gives their memory to a later batch.
   *
   * @throws IllegalStateException where reading or decoding failed
   * @throws NoSuchElementException past the last step
   */
  public Batch next(NDManager manager) {
    if (!hasNext()) {
      throw new NoSuchElementException(
          "Batches are read up to epoch " + untilEpoch + ", exclusive");
    }
    Prefetched next = take();
    if (next instanceof Failed failed) {
      remaining = 0;
      throw new IllegalStateException(
          "Cannot read batches of rank "
              + rank
              + " from "
              + reader.info().digest()
              + ": "
              + failed.cause().getMessage(),
          failed.cause());
    }
    remaining--;
    if (handedOut != null) {
      handedOut.release();
    }
    handedOut = ((Ready) next).batch();
    return handedOut.on(manager);
  }

  /** Time that {@link #next} has waited for data so far, nanoseconds. */
  public long waitedNanos() {
    return waitedNanos;
  }

  /** Stops reading and waits until no thread reads any more. */
  @Override
  public void close() {
    remaining = 0;
    closed = true;
    thread.interrupt();
    queue.clear();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    decoders.close();
  }

  private Prefetched take() {
    long start = System.nanoTime();
    try {
      return queue.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Failed(e);
    } finally {
      waitedNanos += System.nanoTime() - start;
    }
  }

  private void prefetch() {
    try {
      try {
        readAll();
      } catch (RuntimeException | Error e) {
        hand(new Failed(e));
      }
    } catch (InterruptedException e) {
      // Only close() interrupts this thread: nobody is left to hand anything to.
      Thread.currentThread().interrupt();
    }
  }

  private void readAll() throws InterruptedException {
    int step = fromStep;
    for (int epoch = fromEpoch; epoch < untilEpoch && !closed; epoch++) {
      for (; step < order.steps() && !closed; step++) {
        hand(new Ready(read(epoch, step)));
      }
      step = 0;
    }
  }

  // An interrupt can get lost in a file system's client, so close() is looked for as well.
  private void hand(Prefetched next) throws InterruptedException {
    while (!closed && !queue.offer(next, 100, TimeUnit.MILLISECONDS)) {
      // The queue is full: that is the back-pressure.
    }
  }

  private HostBatch read(int epoch, int step) {
    List<ViewSample> samples =
        reader.views(order.share(epoch, step, rank, ranks), decoders).stream()
            .map(views -> drawn(views, epoch))
            .map(sample -> sample.times(options.weights().factor(sample.id(), epoch)))
            .flatMap(Optional::stream)
            .toList();
    return new HostBatch(
        reader.info(),
        reader.columns(),
        samples,
        options.labelFraction(),
        options.photometric(),
        options.seed(),
        epoch,
        memory,
        decoders);
  }

  /** One of a sample's views, each as likely, by (seed, epoch, sample): the same for any ranks. */
  private ViewSample drawn(List<ViewSample> views, int epoch) {
    if (views.size() == 1) {
      return views.get(0);
    }
    long[] key = {SampleKey.of(views.get(0).id())};
    var random = new Draws(options.seed(), epoch, key).forSample(0, "view");
    return views.get(random.nextInt(views.size()));
  }

  private static void requireRoom(ViewReader reader, int slots) {
    long needed = slots * reader.groupBytes();
    if (needed > reader.cacheBytes()) {
      throw new IllegalArgumentException(
          "Invalid cacheBytes: "
              + reader.cacheBytes()
              + " (this rank's "
              + slots
              + " slots hold a row group each, "
              + needed
              + " bytes. Raise it, take more ranks or a smaller batch, or make the view with fewer"
              + " rowsPerGroup than "
              + reader.info().rowsPerGroup()
              + ")");
    }
  }
}
