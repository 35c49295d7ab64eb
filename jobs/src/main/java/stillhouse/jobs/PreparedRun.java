package stillhouse.jobs;

import java.nio.file.Path;
import java.util.Optional;
import stillhouse.cache.TrainingView;
import stillhouse.train.Experiment;
import stillhouse.train.ReviewSettings;
import stillhouse.train.TrainingRun;
import stillhouse.train.ValidationSettings;

/**
 * An order with its data and its plan.
 *
 * @param folder of the run on the driver
 * @param judged the verdicts that it uses
 */
record PreparedRun(
    TrainingJob.Order order,
    Path folder,
    TrainingView view,
    JudgedSamples judged,
    Experiment experiment,
    TrainingRun run) {
  boolean isTrained() {
    return RunRecord.isIn(folder);
  }

  /** How it is looked at while it trains; empty where it is not. */
  Optional<ValidationSettings> validation() {
    return Optional.ofNullable(order.recipe().training().validation());
  }

  /** How it is held against the teacher meanwhile; empty where it is not. */
  Optional<ReviewSettings> review() {
    return Optional.ofNullable(order.recipe().training().review());
  }
}
