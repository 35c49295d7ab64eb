package stillhouse.train;

/** Hears of a run's progress. After a failure, steps since the last checkpoint are told again. */
public interface TrainingListener {
  void step(TrainingMetrics.Step metrics);

  void epoch(TrainingMetrics.Epoch metrics);

  /** Each rank tells of its process now and again. */
  default void load(RankLoad load) {}
}
