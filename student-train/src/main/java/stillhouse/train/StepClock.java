package stillhouse.train;

import java.util.Optional;

/**
 * A rank's time in the steps of a run, from the run's first: what {@link Checkpoint#seconds} said
 * where it goes on, and its own since. Stopped while a checkpoint is written.
 */
final class StepClock {
  private final boolean known;
  private double seconds;
  private long since;

  private StepClock(boolean known, double seconds) {
    this.known = known;
    this.seconds = seconds;
    start();
  }

  /** Starts where a checkpoint left off; where there is none, at the run's first step. */
  static StepClock after(Optional<Checkpoint> checkpoint) {
    return checkpoint
        .map(at -> new StepClock(at.seconds() > 0, at.seconds()))
        .orElseGet(() -> new StepClock(true, 0));
  }

  void start() {
    since = System.nanoTime();
  }

  /**
   * @return seconds of all steps since the run's first; 0 where those before are not known
   */
  double stop() {
    seconds += (System.nanoTime() - since) * 1e-9;
    return known ? seconds : 0;
  }
}
