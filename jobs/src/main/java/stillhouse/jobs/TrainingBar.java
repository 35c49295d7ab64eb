package stillhouse.jobs;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;
import stillhouse.train.Experiment;
import stillhouse.train.TrainingMetrics;
import stillhouse.train.TrainingPlan;

/**
 * One line of a terminal that says how far a run is, written over itself. The cursor stays at the
 * line's start, so that whatever else is printed takes the line's place.
 */
final class TrainingBar {
  private static final int WIDTH = 20;
  private static final long PAUSE_NANOS =
      200_000_000L; // five times a second is as fast as one reads
  private static final double SMOOTHING = 0.9; // of images/s, over steps that are reported
  private static final String CLEAR = "\r\033[2K";

  private final String run;
  private final int epochs;
  private final long steps;
  private final PrintStream terminal;
  private final LongSupplier nanos;
  private double imagesPerSecond;
  private long began;
  private long from = -1; // steps before this driver's first report
  private long drawn;

  /**
   * @param steps of the whole run
   */
  TrainingBar(String run, int epochs, long steps, PrintStream terminal, LongSupplier nanos) {
    this.run = run;
    this.epochs = epochs;
    this.steps = steps;
    this.terminal = terminal;
    this.nanos = nanos;
  }

  /** Whether the launcher, or the platform, says that standard error is a terminal. */
  static boolean onTerminal() {
    return "1".equals(System.getenv("STILLHOUSE_TERMINAL"));
  }

  /** A run's; empty where nobody looks at a terminal. */
  static Optional<TrainingBar> of(PreparedRun prepared) {
    if (!onTerminal()) {
      return Optional.empty();
    }
    TrainingPlan plan = prepared.run().plan();
    long steps =
        (long) plan.epochs() * Experiment.stepsPerEpoch(prepared.view().info(), plan.batch());
    return Optional.of(
        new TrainingBar(
            prepared.order().name(), plan.epochs(), steps, System.err, System::nanoTime));
  }

  synchronized void step(TrainingMetrics.Step step) {
    long now = nanos.getAsLong();
    if (from < 0) {
      from = step.globalStep();
      began = now;
      imagesPerSecond = step.imagesPerSecond();
    }
    imagesPerSecond = SMOOTHING * imagesPerSecond + (1 - SMOOTHING) * step.imagesPerSecond();
    if (drawn == 0 || now - drawn >= PAUSE_NANOS) {
      drawn = now;
      terminal.print(CLEAR + line(step, now) + "\r");
      terminal.flush();
    }
  }

  /** Takes the line away. */
  synchronized void clear() {
    terminal.print(CLEAR);
    terminal.flush();
  }

  private String line(TrainingMetrics.Step step, long now) {
    double share = Math.min(1, (double) step.globalStep() / steps);
    int full = (int) (share * WIDTH);
    return String.format(
        Locale.ROOT,
        "%s: epoch %d of %d [%s%s] %3.0f %%, %s, %.0f images/s, loss %.4f",
        run,
        step.epoch() + 1,
        epochs,
        "=".repeat(full),
        " ".repeat(WIDTH - full),
        100 * share,
        left(step.globalStep(), now),
        imagesPerSecond,
        step.loss());
  }

  private String left(long done, long now) {
    if (done <= from) {
      return "time left not known yet";
    }
    long seconds = Math.round((now - began) * 1e-9 / (done - from) * (steps - done));
    if (seconds < 100) {
      return seconds + " s left";
    }
    return seconds < 6000
        ? (seconds + 30) / 60 + " min left"
        : String.format(Locale.ROOT, "%.1f h left", seconds / 3600.0);
  }
}
