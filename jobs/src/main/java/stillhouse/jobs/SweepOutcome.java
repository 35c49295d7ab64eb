package stillhouse.jobs;

import java.util.Locale;

/** What became of one training of a sweep. */
sealed interface SweepOutcome {
  SweepGrid.Trial trial();

  /** Trained, exported and scored, now or before. */
  record Done(SweepGrid.Trial trial, RunRecord record, Score score) implements SweepOutcome {
    EvaluatedRun evaluated() {
      return new EvaluatedRun(score, RunTerms.of(record));
    }
  }

  /**
   * @param stage that failed
   * @param reason in a sentence or a few
   */
  record Failed(SweepGrid.Trial trial, Stage stage, String reason) implements SweepOutcome {
    @Override
    public String toString() {
      return trial.name() + ": failed in " + stage.name().toLowerCase(Locale.ROOT) + ": " + reason;
    }
  }

  /** The steps of a training, in their order. */
  enum Stage {
    TRAIN,
    EXPORT,
    EVALUATE
  }
}
