package stillhouse.train;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import stillhouse.comm.AllReduce;
import stillhouse.comm.SingleRank;
import stillhouse.identity.Sha256;
import stillhouse.student.Student;
import stillhouse.student.Weights;

/** A rank that trains the tiny student in one phase, and is saved once on its way. */
final class SavingRank implements AutoCloseable, StepListener {
  /** Makes what the rank trains. */
  interface Maker {
    /**
     * @param weights that are trained, the student's among them
     * @param frozen for tensors that are not
     */
    RankParts.Phase phase(Weights weights, Weights frozen);
  }

  final Weights weights;
  final Weights frozen;
  final List<TrainingMetrics.Step> steps = new ArrayList<>();
  final RankLoop loop;
  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Checkpoints checkpoints;
  private final int attempt;
  private final Position savedAt;

  /**
   * @param savedAt where its state goes to {@code checkpoints}
   */
  SavingRank(
      TrainingPlan plan, Checkpoints checkpoints, int attempt, Position savedAt, Maker maker) {
    this(plan, checkpoints, attempt, savedAt, maker, new SingleRank());
  }

  /** One of several ranks. */
  SavingRank(
      TrainingPlan plan,
      Checkpoints checkpoints,
      int attempt,
      Position savedAt,
      Maker maker,
      AllReduce allReduce) {
    this.checkpoints = checkpoints;
    this.attempt = attempt;
    this.savedAt = savedAt;
    weights = new Weights(manager, plan.seed());
    frozen = new Weights(manager, 5);
    Student student = new TinyStudent(weights);
    RankParts.Phase phase = maker.phase(weights, frozen);
    loop =
        new RankLoop(
            new RankParts(
                student,
                List.of(phase),
                new SyntheticBatches(allReduce.rank(), allReduce.ranks(), plan.batch())),
            weights,
            allReduce,
            plan,
            this);
  }

  @Override
  public void step(TrainingMetrics.Step metrics) {
    steps.add(metrics);
  }

  @Override
  public void settled(Position next) {
    if (next.equals(savedAt)) {
      checkpoints.write(
          loop.state(), next, attempt, WeightDigest.of(weights), Sha256.of(new byte[] {1}));
    }
  }

  @Override
  public void close() {
    loop.close();
    frozen.close();
    weights.close();
    manager.close();
  }
}
