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
 * One loaded teacher a JVM and spec, however many tasks ask for it. {@link #acquire} lends it;
 * closing what was lent gives it back and keeps the network loaded. {@link #closeAll} closes every
 * network: one that is still lent when its last borrower closes it.
 */
public final class TeacherPool {
  private static final Logger LOG = LoggerFactory.getLogger(TeacherPool.class);
  private static final TeacherPool SHARED = new TeacherPool();

  private final Map<Sha256, Entry> entries = new ConcurrentHashMap<>();
  private final AtomicLong loads = new AtomicLong();

  /** This JVM's pool, which {@link TeacherPoolPlugin} closes at an executor's end. */
  public static TeacherPool shared() {
    return SHARED;
  }

  /**
   * The teacher of the source's spec, loaded by the first caller while others of the same spec
   * wait. A load that fails is tried again by the next caller.
   */
  public Teacher acquire(TeacherSource source) {
    Sha256 key = source.spec().fingerprint();
    while (true) {
      Entry entry = entries.computeIfAbsent(key, k -> new Entry());
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
    for (Sha256 key : List.copyOf(entries.keySet())) {
      Entry entry = entries.remove(key);
      if (entry != null) {
        entry.retire();
      }
    }
  }

  /** A network, its borrowers and whether it goes when they have gone. */
  private final class Entry {
    private Teacher teacher;
    private int borrowers;
    private boolean retired;

    /** Null where the entry has been retired. */
    synchronized Teacher lend(TeacherSource source) {
      if (retired) {
        return null;
      }
      if (teacher == null) {
        long start = System.nanoTime();
        teacher = source.open();
        loads.incrementAndGet();
        LOG.info(
            "Loaded teacher {} in {} ms",
            source.spec().name(),
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
    public MaskAnswer decode(
        Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
      requireHeld();
      return teacher.decode(features, width, height, prompt);
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
