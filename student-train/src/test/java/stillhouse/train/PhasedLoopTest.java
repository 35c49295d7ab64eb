package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.comm.AllReduce;
import stillhouse.comm.SingleRank;
import stillhouse.identity.Sha256;
import stillhouse.loss.Term;
import stillhouse.student.Part;
import stillhouse.student.Student;
import stillhouse.student.Weights;

/** Two phases on the tiny student: its encoder for two epochs, then its decoder for two. */
class PhasedLoopTest {
  private static final TrainingPlan.Phase FIRST = new TrainingPlan.Phase(2, 0.02, 2);
  private static final TrainingPlan.Phase SECOND = new TrainingPlan.Phase(2, 0.1, 0);
  private static final TrainingPlan PLAN =
      new TrainingPlan(4, 8, 0.02, 0.01, 2, 1.0, 1, 0.9, 42, List.of(FIRST, SECOND));
  private static final Sha256 IDENTITY = Sha256.of(new byte[] {1});

  @TempDir Path folder;
  private Checkpoints checkpoints;
  private int attempt;

  @BeforeEach
  void begin() {
    checkpoints = new Checkpoints(folder.toString(), 99, new Configuration());
    attempt = checkpoints.attempts().begin().number();
  }

  @Test
  void whatAPhaseDoesNotTrainIsBitForBitAsItWas() {
    try (Rank rank = new Rank(PLAN, new SingleRank())) {
      Map<String, ByteBuffer> start = rank.tensors();
      rank.loop.run(Position.START, 2, 0);
      Map<String, ByteBuffer> between = rank.tensors();
      assertThat(changed(start, between))
          .containsExactly("student.first.bias", "student.first.weight", "student.seen");
      rank.loop.run(new Position(2, 0), 4, 0);
      assertThat(changed(between, rank.tensors()))
          .containsExactly("student.second.bias", "student.second.weight");
    }
  }

  /** In the middle of either phase, at their edge, and one step to either side of it. */
  @ParameterizedTest
  @CsvSource({"1, 1", "1, 2", "2, 0", "2, 1", "3, 2"})
  void resumesBitByBitWhereverItWasStopped(int epoch, int step) {
    Sha256 straight;
    Map<String, ByteBuffer> average;
    Position at = new Position(epoch, step);
    try (Rank rank = new Rank(PLAN, new SingleRank())) {
      rank.savedAt = at;
      rank.loop.run(Position.START, 4, 1);
      straight = WeightDigest.of(rank.weights);
      average = rank.average();
    }
    Checkpoint saved = checkpoints.latest().orElseThrow();
    assertThat(saved.position()).isEqualTo(at);
    assertThat(saved.steps()).isEqualTo(3L * epoch + step);
    try (Rank rank = new Rank(PLAN, new SingleRank())) {
      rank.loop.resume(saved);
      rank.loop.run(at, 4, 1);
      assertThat(WeightDigest.of(rank.weights)).isEqualTo(straight);
      assertThat(rank.average()).isEqualTo(average);
    }
  }

  /** So its moments, its schedule and its average are as those of a run that begins there. */
  @Test
  void aPhaseBeginsAsARunOfItsOwnOnTheWeightsOfTheOneBefore() {
    try (Rank both = new Rank(PLAN, new SingleRank())) {
      both.savedAt = new Position(2, 0);
      both.loop.run(Position.START, 4, 0);
      assertThat(both.steps).extracting(TrainingMetrics.Step::globalStep).last().isEqualTo(12L);
      assertThat(both.steps.get(6).learningRate()).isEqualTo(0.1);
      assertThat(both.steps.get(5).terms()).containsOnlyKeys("align.teacher");
      assertThat(both.steps.get(6).terms()).containsOnlyKeys("answer.labels");
      assertThat(both.loop.whole().images()).isEqualTo(4 * 21);

      TrainingPlan later = new TrainingPlan(2, 8, 0.1, 0.01, 0, 1.0, 1, 0.9, 42, List.of(SECOND));
      try (Rank own = new Rank(later, new SingleRank())) {
        checkpoints.latest().orElseThrow().restore(own.weights);
        own.shift = 2;
        own.loop.run(Position.START, 2, 0);
        assertThat(own.tensors()).isEqualTo(both.tensors());
        assertThat(own.average()).isEqualTo(both.average());
      }
    }
  }

  @Test
  void theAllReduceCarriesTheTrainedTensorsAlone() {
    Counting counting = new Counting();
    try (Rank rank = new Rank(PLAN, counting)) {
      rank.loop.run(Position.START, 4, 0);
      int first = 8 * 27 + 8; // convolution and bias, and the term's loss
      int second = 2 * 8 + 2;
      assertThat(counting.sizes).containsOnly(1 + 1, first + 1, second + 1);
    }
  }

  @Test
  void leavesNoNativeArrayOfAPhaseBehind() {
    try (Rank rank = new Rank(PLAN, new SingleRank())) {
      rank.loop.run(Position.START, 4, 0);
      // Of the student; averages of all four; of two the optimiser holds two and the buffer one.
      assertThat(rank.weights.manager().getManagedArrays()).hasSize(5 + 4 + 2 * 3);
    }
  }

  @Test
  void refusesAnObjectiveOfOtherPhasesThanThePlans() {
    TrainingPlan one = new TrainingPlan(4, 8, 0.02, 0.01, 2, 1.0, 42);
    assertThatThrownBy(() -> new Rank(one, two(), new SingleRank()).close())
        .hasMessage("Invalid objective: of 2 phases, the plan has 1");
  }

  @Test
  void aPlansPhasesAreItsEpochs() {
    assertThat(PLAN.phaseOf(1)).isZero();
    assertThat(PLAN.phaseOf(2)).isEqualTo(1);
    assertThat(PLAN.firstEpoch(2)).isEqualTo(4);
    assertThatThrownBy(() -> PLAN.phaseOf(4)).hasMessage("Invalid epoch: 4 (must be in [0, 4))");
    assertThatThrownBy(
            () -> new TrainingPlan(5, 8, 0.02, 0, 0, 1.0, 1, 0, 42, List.of(FIRST, SECOND)))
        .hasMessage("Invalid epochs of the phases: 4 (must be the plan's 5)");
  }

  /** The frozen decoder hands gradients on: labels alone move the encoder. */
  @Test
  void gradientsPassThroughWhatIsFrozen() {
    var encoder = phase(Part.ENCODER, "labels", SyntheticBatches.terms().get(0));
    TrainingPlan plan = new TrainingPlan(2, 8, 0.02, 0.01, 0, 1.0, 42);
    try (Rank rank = new Rank(plan, List.of(encoder), new SingleRank())) {
      Map<String, ByteBuffer> start = rank.tensors();
      rank.loop.run(Position.START, 2, 0);
      assertThat(changed(start, rank.tensors()))
          .containsExactly("student.first.bias", "student.first.weight", "student.seen");
      assertThat(rank.steps.get(5).loss()).isLessThan(rank.steps.get(0).loss());
      assertThat(rank.steps.get(5).learningRate()).isCloseTo(0.02 * 0.067, within(1e-4));
    }
  }

  private static List<String> changed(Map<String, ByteBuffer> from, Map<String, ByteBuffer> to) {
    return from.keySet().stream().filter(name -> !from.get(name).equals(to.get(name))).toList();
  }

  /** The encoder for the teacher's embedding, then the decoder for labels. */
  static List<RankParts.Phase> two() {
    return List.of(
        phase(Part.ENCODER, "align.teacher", SyntheticBatches.terms().get(1)),
        phase(Part.DECODER, "answer.labels", SyntheticBatches.terms().get(0)));
  }

  private static RankParts.Phase phase(Part part, String name, Term term) {
    return new RankParts.Phase(
        Set.of(part),
        tensor -> TinyStudent.part(tensor) == part,
        List.of(new Term(name, term.weight(), term.loss())));
  }

  /** Alone, with what each sum was of. */
  private static final class Counting implements AllReduce {
    private final SingleRank alone = new SingleRank();
    private final List<Integer> sizes = new ArrayList<>();

    @Override
    public int rank() {
      return 0;
    }

    @Override
    public int ranks() {
      return 1;
    }

    @Override
    public ByteBuffer allocate(int floats) {
      return alone.allocate(floats);
    }

    @Override
    public void sum(ByteBuffer buffer, int floats) {
      sizes.add(floats);
    }

    @Override
    public void close() {}
  }

  /** A single rank. */
  private final class Rank implements AutoCloseable, StepListener, BatchSource {
    private final NDManager manager = NDManager.newBaseManager("PyTorch");
    private final Weights weights = new Weights(manager, PLAN.seed());
    private final List<TrainingMetrics.Step> steps = new ArrayList<>();
    private final SyntheticBatches batches = new SyntheticBatches(0, 1, PLAN.batch());
    private final RankLoop loop;
    private Position savedAt;
    private int shift; // of epochs

    Rank(TrainingPlan plan, AllReduce allReduce) {
      this(plan, two().subList(2 - plan.phases().size(), 2), allReduce);
    }

    Rank(TrainingPlan plan, List<RankParts.Phase> phases, AllReduce allReduce) {
      Student student = new TinyStudent(weights);
      loop = new RankLoop(new RankParts(student, phases, this), weights, allReduce, plan, this);
    }

    Map<String, ByteBuffer> tensors() {
      Map<String, ByteBuffer> tensors = new TreeMap<>();
      Checkpoints.tensors(weights).forEach((n, t) -> tensors.put(n, copy(Tensors.bytes(t))));
      return tensors;
    }

    Map<String, ByteBuffer> average() {
      Map<String, ByteBuffer> tensors = new LinkedHashMap<>();
      loop.steps()
          .average()
          .orElseThrow()
          .state()
          .forEach((n, t) -> tensors.put(n, copy(Tensors.bytes(t))));
      return tensors;
    }

    private ByteBuffer copy(byte[] bytes) {
      return ByteBuffer.wrap(bytes.clone());
    }

    @Override
    public Batch next(NDManager owner, int epoch, int step) {
      return batches.next(owner, epoch + shift, step);
    }

    @Override
    public int stepsPerEpoch() {
      return batches.stepsPerEpoch();
    }

    @Override
    public double waitedSeconds() {
      return 0;
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
