package stillhouse.teacher;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import stillhouse.data.Ahead;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/**
 * What a teacher says of a task's rows, in their order. Three things go on at once, each on a
 * thread of its own: the task stores what came of one batch, the network runs on the next, and the
 * one after that is read, decoded and preprocessed. No more than these are held. The network is
 * called with exactly {@link TeacherSpec#batch()} images: a batch that lacks some is filled with
 * its own last image and what comes of it is dropped.
 *
 * @param <R> a row; {@link Reading} gets its image
 */
public final class EncodeAhead<R> implements Iterator<EncodeAhead.Encoded<R>>, AutoCloseable {
  private final Teacher teacher;
  private final Reading<R> reading;
  private final Ahead<List<R>, Batch<R>> batches;
  private final Ahead<Batch<R>, List<Encoded<R>>> encoded;
  private final Queue<Encoded<R>> ready = new ArrayDeque<>();

  /** A row and what came of it. */
  public sealed interface Encoded<R> {
    R row();
  }

  /**
   * @param maps [C, h, w] by layer
   */
  public record Features<R>(R row, Map<String, FloatTensor> maps) implements Encoded<R> {}

  /** The row's image can't be had; the rows beside it go on. */
  public record Unreadable<R>(R row, RuntimeException cause) implements Encoded<R> {}

  /** The teacher fails on the row's image, asked about it alone; the rows beside it go on. */
  public record Refused<R>(R row, RuntimeException cause) implements Encoded<R> {}

  /** How a row's image is read, and what it is called where the teacher fails on it. */
  public interface Reading<R> {
    /** What it throws makes the row {@link Unreadable}. Called from a thread of its own. */
    RgbImage read(R row);

    String name(R row);
  }

  /**
   * @param images of the rows that have one, in the rows' order
   * @param unreadable by the row's index
   */
  private record Batch<R>(
      ImageBatch images, List<R> rows, Map<Integer, RuntimeException> unreadable) {
    List<R> readable() {
      return IntStream.range(0, rows.size())
          .filter(i -> !unreadable.containsKey(i))
          .mapToObj(rows::get)
          .toList();
    }
  }

  /** The teacher stays the caller's, who closes this first: {@link #close}. */
  public EncodeAhead(Teacher teacher, Iterator<R> rows, Reading<R> reading) {
    this.teacher = teacher;
    this.reading = reading;
    this.batches =
        new Ahead<>(
            new Groups<>(rows, teacher.spec().batch()),
            this::read,
            batch -> batch.images.close(),
            Ahead.Ending.LEFT_ALONE,
            "read");
    this.encoded =
        new Ahead<>(batches, this::encode, said -> {}, Ahead.Ending.WAITED_FOR, "encoded");
  }

  /** Reads ahead for this thread's Spark task, and stops when that ends, however it ends. */
  public static <R> EncodeAhead<R> inTask(Teacher teacher, Iterator<R> rows, Reading<R> reading) {
    var ahead = new EncodeAhead<>(teacher, rows, reading);
    // Spark calls the listener that came last first: before the teacher is given back.
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> ahead.close());
    return ahead;
  }

  /** The same, each made into something by one of three functions. */
  public <T> Iterator<T> map(
      Function<Features<R>, T> features,
      Function<Unreadable<R>, T> unreadable,
      Function<Refused<R>, T> refused) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return EncodeAhead.this.hasNext();
      }

      @Override
      public T next() {
        Encoded<R> next = EncodeAhead.this.next();
        if (next instanceof Unreadable<R> without) {
          return unreadable.apply(without);
        }
        return next instanceof Refused<R> failed
            ? refused.apply(failed)
            : features.apply((Features<R>) next);
      }
    };
  }

  @Override
  public boolean hasNext() {
    while (ready.isEmpty() && encoded.hasNext()) {
      ready.addAll(encoded.next());
    }
    return !ready.isEmpty();
  }

  @Override
  public Encoded<R> next() {
    if (!hasNext()) {
      throw new NoSuchElementException("No further features");
    }
    return ready.remove();
  }

  /**
   * Stops reading ahead, and waits for the network where it is at work: the teacher may be closed
   * then. Safe to call again.
   */
  @Override
  public void close() {
    try {
      batches.close();
    } finally {
      encoded.close();
    }
  }

  /** Runs ahead, while the network is busy with the batch before. */
  private Batch<R> read(List<R> rows) {
    var batch = new Batch<>(teacher.newBatch(), rows, new HashMap<>());
    try {
      fill(batch);
      return batch;
    } catch (RuntimeException | Error e) {
      batch.images.close();
      throw e;
    }
  }

  private void fill(Batch<R> batch) {
    int images = 0;
    RgbImage last = null;
    for (int i = 0; i < batch.rows.size(); i++) {
      batches.requireOpen();
      R row = batch.rows.get(i);
      try {
        last = reading.read(row);
      } catch (RuntimeException e) {
        batch.unreadable.put(i, e);
        continue;
      }
      add(batch, last, row);
      images++;
    }
    for (; images > 0 && images < teacher.spec().batch(); images++) {
      add(batch, last, batch.rows.get(batch.rows.size() - 1));
    }
  }

  private void add(Batch<R> batch, RgbImage image, R row) {
    try {
      batch.images.add(image);
    } catch (RuntimeException e) {
      throw cannotEncode(List.of(row), e);
    }
  }

  /** Runs ahead, while what came of the batch before is stored. */
  private List<Encoded<R>> encode(Batch<R> batch) {
    Iterator<Encoded<R>> asked = ask(batch).iterator();
    List<Encoded<R>> all = new ArrayList<>(batch.rows.size());
    for (int i = 0; i < batch.rows.size(); i++) {
      RuntimeException cause = batch.unreadable.get(i);
      all.add(cause == null ? asked.next() : new Unreadable<>(batch.rows.get(i), cause));
    }
    return all;
  }

  /** What became of the readable rows, in their order. */
  private List<Encoded<R>> ask(Batch<R> batch) {
    List<R> rows = batch.readable();
    List<Encoded<R>> said = new ArrayList<>(rows.size());
    try (ImageBatch images = batch.images) {
      encoded.requireOpen();
      if (!rows.isEmpty()) {
        List<Map<String, FloatTensor>> maps = answered(images.encode());
        for (int i = 0; i < rows.size(); i++) {
          said.add(new Features<>(rows.get(i), maps.get(i)));
        }
      }
      return said;
    } catch (UnusableTeacherException | CancellationException e) {
      throw e;
    } catch (RuntimeException e) {
      return rows.size() == 1
          ? List.of(new Refused<>(rows.get(0), e))
          : rows.stream().map(this::alone).toList();
    }
  }

  /** One of a batch that failed, read again: the others of it may be well. */
  private Encoded<R> alone(R row) {
    encoded.requireOpen();
    try (ImageBatch images = teacher.newBatch()) {
      RgbImage image = reading.read(row);
      for (int i = 0; i < teacher.spec().batch(); i++) {
        images.add(image);
      }
      Map<String, FloatTensor> maps = answered(images.encode()).get(0);
      return new Features<>(row, maps);
    } catch (UnusableTeacherException e) {
      throw e;
    } catch (RuntimeException e) {
      return new Refused<>(row, e);
    }
  }

  private List<Map<String, FloatTensor>> answered(List<Map<String, FloatTensor>> maps) {
    if (maps.size() != teacher.spec().batch()) {
      throw new UnusableTeacherException(
          "Cannot use teacher %s: asked about %d images it answered %d"
              .formatted(teacher.spec().name(), teacher.spec().batch(), maps.size()));
    }
    return maps;
  }

  /** It isn't an image's fault. */
  private static final class UnusableTeacherException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    UnusableTeacherException(String message) {
      super(message);
    }
  }

  private IllegalStateException cannotEncode(List<R> rows, RuntimeException cause) {
    return new IllegalStateException(
        "Cannot encode %s with teacher %s"
            .formatted(rows.stream().map(reading::name).toList(), teacher.spec().name()),
        cause);
  }

  /** The rows in lists of {@code size}, the last shorter. */
  private record Groups<R>(Iterator<R> rows, int size) implements Iterator<List<R>> {
    @Override
    public boolean hasNext() {
      return rows.hasNext();
    }

    @Override
    public List<R> next() {
      List<R> group = new ArrayList<>(size);
      while (group.size() < size && rows.hasNext()) {
        group.add(rows.next());
      }
      return group;
    }
  }
}
