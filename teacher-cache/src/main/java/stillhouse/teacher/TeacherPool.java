package stillhouse.teacher;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.tensor.FloatTensor;

/**
 * One loaded teacher a JVM, spec and device, however many tasks ask for it. {@link #acquire} lends
 * it; closing what was lent gives it back and keeps the network loaded. {@link #closeAll} closes
 * every network: one that is still lent when its last borrower closes it.
 */
public final class TeacherPool {
  private static final Logger LOG = LoggerFactory.getLogger(TeacherPool.class);
  private static final TeacherPool SHARED = new TeacherPool();

  private final Map<Key, Entry> entries = new ConcurrentHashMap<>();
  private final AtomicLong loads = new AtomicLong();

  private record Key(Sha256 spec, TeacherDevice device) {}

  /** This JVM's pool, which {@link TeacherPoolPlugin} closes at an executor's end. */
  public static TeacherPool shared() {
    return SHARED;
  }

  /**
   * The teacher of the source's spec on the device of this thread's task, loaded by the first
   * caller while others of the same spec and device wait. A load that fails is tried again by the
   * next caller.
   *
   * @throws TeacherException where the task has no such device
   */
  public Teacher acquire(TeacherSource source) {
    var key = new Key(source.spec().fingerprint(), TeacherDevice.of(source));
    while (true) {
      Entry entry = entries.computeIfAbsent(key, k -> new Entry(key.device()));
      Teacher loan = entry.lend(source);
      if (loan != null) {
        return loan;
      }
      entries.remove(key, entry); // closed between the look-up and the loan
    }
  }

  /** Networks loaded since the JVM began. */
  public long loads() {
    return loads.get();
  }

  /** Closes what nobody uses now, the rest as soon as it is given back. Safe to call again. */
  public void closeAll() {
    for (Key key : List.copyOf(entries.keySet())) {
      Entry entry = entries.remove(key);
      if (entry != null) {
        entry.retire();
      }
    }
  }

  /** A network, its borrowers and whether it goes when they have gone. */
  private final class Entry {
    private final TeacherDevice device;
    private Teacher teacher;
    private int borrowers;
    private boolean retired;

    Entry(TeacherDevice device) {
      this.device = device;
    }

    /** Null where the entry has been retired. */
    synchronized Teacher lend(TeacherSource source) {
      if (retired) {
        return null;
      }
      if (teacher == null) {
        long start = System.nanoTime();
        teacher = source.open(device);
        loads.incrementAndGet();
        LOG.info(
            "Loaded teacher {} on {} in {} ms",
            source.spec().name(),
            device,
            (System.nanoTime() - start) / 1_000_000);
      }
      borrowers++;
      return new Loan(this, teacher);
    }

    synchronized void giveBack() {
      borrowers--;
      closeIfUnused();
    }

    synchronized void retire() {
      retired = true;
      closeIfUnused();
    }

    private void closeIfUnused() {
      if (retired && borrowers == 0 && teacher != null) {
        teacher.close();
        LOG.info("Closed teacher {} on {}", teacher.spec().name(), device);
        teacher = null;
      }
    }
  }

  /** A borrowed teacher: closing it, once or more, gives back one loan. */
  private static final class Loan implements Teacher {
    private final Entry entry;
    private final Teacher teacher;
    private final AtomicBoolean returned = new AtomicBoolean();

    Loan(Entry entry, Teacher teacher) {
      this.entry = entry;
      this.teacher = teacher;
    }

    @Override
    public TeacherSpec spec() {
      return teacher.spec();
    }

    @Override
    public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
      requireHeld();
      return teacher.encode(images);
    }

    @Override
    public ImageBatch newBatch() {
      requireHeld();
      return teacher.newBatch();
    }

    @Override
    public MaskAnswer decode(
        Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
      requireHeld();
      return teacher.decode(features, width, height, prompt);
    }

    @Override
    public Asking asking(Map<String, FloatTensor> features, int width, int height) {
      requireHeld();
      return teacher.asking(features, width, height);
    }

    @Override
    public void close() {
      if (returned.compareAndSet(false, true)) {
        entry.giveBack();
      }
    }

    private void requireHeld() {
      if (returned.get()) {
        throw new IllegalStateException(
            "Teacher " + teacher.spec().name() + " was given back to the pool: acquire it again");
      }
    }
  }
}
