package stillhouse.train;

import java.util.List;
import stillhouse.train.EpochGate.Decision;

/**
 * The gates of a run.
 *
 * @param epochs of the plan
 */
record EpochGates(List<EpochGate> gates, int epochs) {
  EpochGates {
    gates = List.copyOf(gates);
    for (EpochGate gate : gates) {
      if (gate.everyEpochs() < 1) {
        throw new IllegalArgumentException(
            "Invalid everyEpochs of " + gate + ": " + gate.everyEpochs() + " (must be >= 1)");
      }
    }
  }

  /** Where a job ends that begins in epoch {@code from}: where the first gate wants to look. */
  int endOfJob(int from, int mostEpochs) {
    int end = Math.min(from + mostEpochs, epochs);
    for (EpochGate gate : gates) {
      int every = gate.everyEpochs();
      int next = Math.max(from, gate.fromEpoch()) / every + 1;
      end = Math.min(end, next * every);
    }
    return end;
  }

  /**
   * Asks all whose turn it is, whatever one of them says.
   *
   * @throws SupersededException where another driver has begun since
   */
  boolean stop(Checkpoint at, Attempt attempt) {
    boolean stop = false;
    for (EpochGate gate : gates) {
      if (isDue(gate, at.position())) {
        attempt.require("look at " + at.position());
        stop |= gate.after(at, attempt) == Decision.STOP;
      }
    }
    return stop;
  }

  private boolean isDue(EpochGate gate, Position at) {
    return at.step() == 0
        && at.epoch() > gate.fromEpoch()
        && (at.epoch() % gate.everyEpochs() == 0 || at.epoch() == epochs);
  }
}
