package stillhouse.train;

/**
 * Looks at a run between two of its Spark jobs, on the driver, while no rank trains, and may end
 * it. Jobs end where a gate wants to look. That moves no weight: ranks go on from the checkpoint.
 *
 * <p>After a driver was stopped, a gate may be asked again about a checkpoint that it has looked
 * at, and must answer as it did: a run that was ended is not trained on. What a gate throws reaches
 * the caller of {@link BarrierTraining#run}; the next driver asks it again before it trains.
 */
public interface EpochGate {
  /** What a run does after a gate has looked. */
  enum Decision {
    CONTINUE,
    /** What was trained so far is all: the run is trained. */
    STOP
  }

  /** It is asked after every so many epochs, counted from the run's first, and after the last. */
  int everyEpochs();

  /** It is not asked at the end of so many epochs, or of fewer. */
  default int fromEpoch() {
    return 0;
  }

  /**
   * @param at the newest checkpoint, at the end of {@code at.position().epoch()} epochs
   * @param attempt the driver's, the newest when the gate is asked: whatever is written for the run
   *     requires that it still is
   */
  Decision after(Checkpoint at, Attempt attempt);
}
