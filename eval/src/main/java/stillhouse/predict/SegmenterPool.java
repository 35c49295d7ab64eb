package stillhouse.predict;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * The segmenters of this JVM: one a source, shared by its tasks, loaded once. The two that were
 * used last stay loaded while nothing uses them; older ones are closed.
 */
final class SegmenterPool {
  private static final int IDLE = 2; // a student and the one it is compared with
  private static final SegmenterPool JVM = new SegmenterPool(); // what its tasks share

  private final Map<String, Entry> entries = new HashMap<>();
  private final Deque<String> idle = new ArrayDeque<>();

  private static final class Entry {
    final Segmenter segmenter;
    int users;

    Entry(Segmenter segmenter) {
      this.segmenter = segmenter;
    }
  }

  /** A segmenter in use; closing gives it back. */
  final class Lease implements AutoCloseable {
    private final String id;
    private final Segmenter segmenter;
    private boolean returned;

    private Lease(String id, Segmenter segmenter) {
      this.id = id;
      this.segmenter = segmenter;
    }

    Segmenter segmenter() {
      return segmenter;
    }

    @Override
    public void close() {
      giveBack(this);
    }
  }

  /** Loads the segmenter where it is not loaded; other tasks wait for it rather than load again. */
  synchronized Lease lease(SegmenterSource source) {
    Entry entry = entries.computeIfAbsent(source.id(), id -> new Entry(source.open()));
    entry.users++;
    idle.remove(source.id());
    return new Lease(source.id(), entry.segmenter);
  }

  /**
   * The segmenter of this JVM, held until the running task ends.
   *
   * @throws IllegalArgumentException where it was made for other classes than {@code wanted}
   */
  static Segmenter ofTask(SegmenterSource source, List<String> wanted) {
    Lease lease = JVM.lease(source);
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> lease.close());
    List<String> has = lease.segmenter().classNames();
    if (!has.equals(wanted)) {
      throw new IllegalArgumentException(
          "Cannot evaluate %s: it was trained on classes %s, the samples have %s"
              .formatted(source.id(), has, wanted));
    }
    return lease.segmenter();
  }

  private synchronized void giveBack(Lease lease) {
    if (lease.returned) {
      return;
    }
    lease.returned = true;
    if (--entries.get(lease.id).users == 0) {
      idle.addLast(lease.id);
      while (idle.size() > IDLE) {
        entries.remove(idle.removeFirst()).segmenter.close();
      }
    }
  }

  /** How many segmenters are loaded. */
  synchronized int loaded() {
    return entries.size();
  }
}
