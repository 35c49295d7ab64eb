package stillhouse.jobs;

import java.util.Locale;

/** What became of one training of a sweep. */
sealed interface SweepOutcome {
  SweepGrid.Trial trial();

  /**
   * Trained, exported and scored, now or before.
   *
   * @param verdicts the version of the table of verdicts that it used; −1 where it used none
   */
  record Done(SweepGrid.Trial trial, RunRecord record, Score score, long verdicts)
      implements SweepOutcome {
    /** Whether both used verdicts, and not the same: their difference would not be the recipes'. */
    boolean judgedUnlike(Done other) {
      return verdicts >= 0 && other.verdicts >= 0 && verdicts != other.verdicts;
    }

    EvaluatedRun evaluated() {
      return EvaluatedRun.of(score, record);
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
