package stillhouse.jobs;

import java.util.Locale;
import java.util.function.LongSupplier;

/** How far a sweep is, and how long the rest may take: as long as those that it did itself. */
final class SweepProgress {
  private final String sweep;
  private final LongSupplier nanos;
  private final long began;
  private final long open;
  private long done;

  /**
   * @param open trainings that are to be done
   */
  SweepProgress(String sweep, long open) {
    this(sweep, open, System::nanoTime);
  }

  SweepProgress(String sweep, long open, LongSupplier nanos) {
    this.sweep = sweep;
    this.open = open;
    this.nanos = nanos;
    this.began = nanos.getAsLong();
  }

  /** One more was done; those that were there already took no time to speak of. */
  String after(int run, int runs) {
    done++;
    double seconds = (nanos.getAsLong() - began) * 1e-9;
    return "Sweep %s: %d of %d runs, after %s; about %s left"
        .formatted(sweep, run, runs, duration(seconds), duration(seconds / done * (open - done)));
  }

  /** In the two units that a person would choose. */
  static String duration(double seconds) {
    long all = Math.round(seconds);
    if (all < 120) {
      return all + " s";
    }
    return all < 2 * 3600
        ? String.format(Locale.ROOT, "%d min %d s", all / 60, all % 60)
        : String.format(Locale.ROOT, "%d h %d min", all / 3600, all % 3600 / 60);
  }
}
