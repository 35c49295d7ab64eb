package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.comm.SingleRank;
import stillhouse.identity.Sha256;
import stillhouse.loss.Loss;
import stillhouse.loss.Targets;
import stillhouse.loss.Term;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

class RankLoopTest {
  private static final TrainingPlan PLAN = new TrainingPlan(4, 8, 0.02, 0.01, 2, 1.0, 1, 0.9, 42);
  private static final Sha256 IDENTITY = Sha256.of(new byte[] {1});

  @TempDir Path folder;

  @Test
  void resumesInTheMiddleOfAnEpochBitByBit() {
    Checkpoints checkpoints = new Checkpoints(folder.toString(), 9, new Configuration());
    int attempt = checkpoints.attempts().begin().number();
    Sha256 straight;
    byte[] average;
    try (Rank rank = new Rank(SyntheticBatches.terms())) {
      rank.saveTo(checkpoints, attempt, new Position(2, 2));
      rank.loop.run(Position.START, 4, 1);
      straight = WeightDigest.of(rank.weights);
      average = average(rank);
    }
    Checkpoint saved = checkpoints.latest().orElseThrow();
    assertThat(saved.position()).isEqualTo(new Position(2, 2));
    try (Rank rank = new Rank(SyntheticBatches.terms())) {
      rank.loop.resume(saved);
      rank.loop.run(saved.position(), 4, 1);
      assertThat(WeightDigest.of(rank.weights)).isEqualTo(straight);
      assertThat(average(rank)).isEqualTo(average);
    }
  }

  private static byte[] average(Rank rank) {
    return Tensors.bytes(
        rank.loop.steps().average().orElseThrow().state().values().iterator().next());
  }

  /** Of batches of 8 and 5 in parts of 3. */
  @Test
  void inPartsItTakesTheStepsOfTheWhole() {
    var inParts = new TrainingPlan(4, 8, 0.02, 0.01, 2, 1.0, 3, 0, 42);
    try (Rank whole = new Rank(SyntheticBatches.terms());
        Rank parts = new Rank(SyntheticBatches.terms(), inParts)) {
      whole.loop.run(Position.START, 2, 0);
      parts.loop.run(Position.START, 2, 0);
      for (int i = 0; i < whole.steps.size(); i++) {
        TrainingMetrics.Step step = parts.steps.get(i);
        assertThat(step.loss()).isCloseTo(whole.steps.get(i).loss(), within(1e-5));
        assertThat(step.gradientNorm()).isCloseTo(whole.steps.get(i).gradientNorm(), within(1e-5));
      }
      for (String name : whole.weights.trainable().keySet()) {
        float[] expected = whole.weights.get(name).toFloatArray();
        assertThat(parts.weights.get(name).toFloatArray()).containsExactly(expected, within(1e-4f));
      }
      assertThat(parts.weights.manager().getManagedArrays()).hasSize(5 + 3 * 4);
    }
  }

  @Test
  void learnsAndReportsMeansOverWhatIsLabelled() {
    try (Rank rank = new Rank(SyntheticBatches.terms())) {
      rank.loop.run(Position.START, 4, 0);
      assertThat(rank.steps).hasSize(12);
      TrainingMetrics.Step first = rank.steps.get(0);
      TrainingMetrics.Step last = rank.steps.get(11);
      assertThat(first.globalStep()).isEqualTo(1);
      assertThat(last.loss()).isLessThan(first.loss());
      assertThat(first.loss())
          .isCloseTo(
              first.terms().get("labels") + 0.5 * first.terms().get("teacher"), within(1e-9));
      assertThat(first.learningRate()).isCloseTo(0.01, within(1e-12));
      assertThat(rank.loop.whole().images()).isEqualTo(4 * 21);
    }
  }

  @Test
  void leavesNoNativeArrayBehind() {
    try (Rank rank = new Rank(SyntheticBatches.terms())) {
      rank.loop.run(Position.START, 1, 0);
      // Of the student; for each of four the optimiser holds two, buffer and average one each.
      int tensors = 5;
      assertThat(rank.weights.manager().getManagedArrays()).hasSize(tensors + 4 * 4);
      rank.loop.run(new Position(1, 0), 3, 0);
      assertThat(rank.weights.manager().getManagedArrays()).hasSize(tensors + 4 * 4);
    }
  }

  @Test
  void namesRankStepAndTermsWhereTheGradientIsNotFinite() {
    Loss infinite = new OfLogits(logits -> logits.sum(new int[] {1, 2, 3}).div(0f));
    try (Rank rank = new Rank(List.of(new Term("broken", 1, infinite)))) {
      assertThatThrownBy(() -> rank.loop.run(Position.START, 1, 0))
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("Cannot take epoch 0, step 0: rank 0 of 1")
          .hasMessageContaining("the gradient's norm is NaN; loss sums: broken=")
          .hasMessageContaining(
              "not finite: broken of 0, broken of 1, broken of 2, broken of 3, broken of 4, broken"
                  + " of 5, broken of 6, broken of 7. Look at these samples, or lower");
    }
  }

  @Test
  void namesTheOneSampleWhoseLossIsNotFinite() {
    Loss ofTheFifth =
        new OfLogits(
            logits -> {
              float[] factors = {1, 1, 1, 1, 1, Float.NaN, 1, 1};
              NDArray sums = logits.sum(new int[] {1, 2, 3});
              return sums.mul(sums.getManager().create(factors));
            });
    List<Term> terms = new ArrayList<>(SyntheticBatches.terms());
    terms.add(new Term("odd", 1, ofTheFifth));
    try (Rank rank = new Rank(terms)) {
      assertThatThrownBy(() -> rank.loop.run(Position.START, 1, 0))
          .hasMessageContaining("odd=NaN; not finite: odd of 5. Look at these samples");
    }
  }

  @Test
  void saysWhereTheGradientAloneIsNotFinite() {
    Loss root =
        new OfLogits(
            logits -> {
              return logits.sub(logits).sqrt().sum(new int[] {1, 2, 3}); // 0, of slope 0 · infinity
            });
    try (Rank rank = new Rank(List.of(new Term("root", 1, root)))) {
      assertThatThrownBy(() -> rank.loop.run(Position.START, 1, 0))
          .hasMessageContaining("root=0.0; not finite: no sample's loss. Lower the learning rate");
    }
  }

  @Test
  void refusesALossThatIsNotOneValueASample() {
    Loss scalar = new OfLogits(logits -> logits.sum());
    try (Rank rank = new Rank(List.of(new Term("scalar", 1, scalar)))) {
      assertThatThrownBy(() -> rank.loop.run(Position.START, 1, 0))
          .hasMessageContaining("Loss 'scalar' gave shape () for 8 samples");
    }
  }

  /** A term of the teacher that looks at the student's logits alone. */
  private record OfLogits(UnaryOperator<NDArray> loss) implements Loss {
    @Override
    public Supervision supervision() {
      return Supervision.TEACHER;
    }

    @Override
    public NDArray perSample(StudentOutput student, Targets targets) {
      return loss.apply(student.logits());
    }
  }

  /** A single rank on the tiny student. */
  private static final class Rank implements AutoCloseable, StepListener {
    private final NDManager manager = NDManager.newBaseManager("PyTorch");
    private final Weights weights = new Weights(manager, PLAN.seed());
    private final List<TrainingMetrics.Step> steps = new ArrayList<>();
    private final RankLoop loop;
    private Checkpoints checkpoints;
    private Position savedAt;
    private int attempt;

    Rank(List<Term> terms) {
      this(terms, PLAN);
    }

    Rank(List<Term> terms, TrainingPlan plan) {
      loop =
          new RankLoop(
              RankParts.whole(
                  new TinyStudent(weights), terms, new SyntheticBatches(0, 1, PLAN.batch())),
              weights,
              new SingleRank(),
              plan,
              this);
    }

    void saveTo(Checkpoints to, int byAttempt, Position at) {
      checkpoints = to;
      attempt = byAttempt;
      savedAt = at;
    }

    @Override
    public void step(TrainingMetrics.Step metrics) {
      steps.add(metrics);
    }

    @Override
    public void settled(Position next) {
      if (next.equals(savedAt)) {
        Sha256 digest = WeightDigest.of(weights);
        checkpoints.write(loop.state(), next, attempt, digest, IDENTITY);
      }
    }

    @Override
    public void close() {
      loop.close();
      weights.close();
      manager.close();
    }
  }
}
