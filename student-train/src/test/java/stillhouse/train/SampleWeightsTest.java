package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import stillhouse.loss.Draws;
import stillhouse.loss.Loss;
import stillhouse.loss.Targets;
import stillhouse.loss.Term;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.Part;
import stillhouse.student.Student;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

class SampleWeightsTest {
  record Judged(String id, float factor, int enters) {}

  /** In any order. */
  static SampleWeights of(Judged... samples) {
    Judged[] sorted = samples.clone();
    Arrays.sort(sorted, Comparator.comparingLong((Judged j) -> SampleKey.of(j.id())));
    float[] factors = new float[sorted.length];
    IntStream.range(0, sorted.length).forEach(i -> factors[i] = sorted[i].factor());
    return SampleWeights.of(
        Arrays.stream(sorted).mapToLong(j -> SampleKey.of(j.id())).toArray(),
        factors,
        Arrays.stream(sorted).mapToInt(Judged::enters).toArray());
  }

  @Test
  void aSampleCountsByItsFactorFromItsFirstEpochOn() {
    SampleWeights weights = of(new Judged("a", 0.25f, 0), new Judged("b", 2, 3));
    assertThat(weights.factor("a", 0)).isEqualTo(0.25f);
    assertThat(weights.factor("b", 2)).isZero();
    assertThat(weights.factor("b", 3)).isEqualTo(2);
    assertThat(weights.factor("c", 0)).as("not judged").isEqualTo(1);
    assertThat(SampleWeights.NONE.factor("a", 0)).isEqualTo(1);
  }

  @Test
  void whatTrainingDependsOnIsItsIdentity() {
    SampleWeights weights = of(new Judged("a", 0.25f, 0), new Judged("b", 2, 3));
    assertThat(of(new Judged("b", 2, 3), new Judged("a", 0.25f, 0)).digest())
        .isEqualTo(weights.digest());
    assertThat(
            List.of(
                of(new Judged("a", 0.25f, 0)).digest(),
                of(new Judged("a", 0.5f, 0), new Judged("b", 2, 3)).digest(),
                of(new Judged("a", 0.25f, 0), new Judged("b", 2, 2)).digest()))
        .doesNotContain(weights.digest());
  }

  @Test
  void refusesWhatIsNoWeight() {
    assertThatThrownBy(() -> of(new Judged("a", -1, 0)))
        .hasMessageContaining("Invalid sample weights: factor of number 0 is -1.0");
    assertThatThrownBy(() -> of(new Judged("a", 1, 0), new Judged("a", 1, 0)))
        .hasMessageContaining("keys of number 1 is not ascending");
  }

  /**
   * By hand: losses 1, 2, 4 of samples that weigh 1, 2 and 1, the last halved by its verdict. L = λ
   * (1·1 + 2·2 + 0.5·4) / (1 + 2 + 0.5) = λ · 7 / 3.5 = 2 λ; the term of labels lacks the second:
   * (1 + 2) / 1.5 = 2. Cut over two ranks, the sums and so the loss are the same.
   */
  @Test
  void aFactorScalesEveryTermAndTheSumThatItIsDividedBy() {
    List<Term> terms =
        List.of(
            new Term("labels", 1, new Given(Loss.Supervision.LABELS)),
            new Term("teacher", 3, new Given(Loss.Supervision.TEACHER)));
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager.newSubManager(), 0)) {
      LocalLoss loss = new LocalLoss(new Zero(weights), Part.ALL, terms);
      Batch batch = batch(manager, new float[] {1, 2, 4}, new float[] {1, 2, 0.5f * 1});
      double[] totals = loss.weightSums(batch);
      assertThat(totals).containsExactly(1.5, 3.5);
      assertThat(mean(loss.backward(manager, batch, totals), totals)).containsExactly(2, 2);
      Batch first = batch.part(manager, 0, 2);
      Batch second = batch.part(manager, 2, 3);
      assertThat(sum(loss.weightSums(first), loss.weightSums(second))).containsExactly(totals);
      double[] cut =
          sum(loss.backward(manager, first, totals), loss.backward(manager, second, totals));
      assertThat(mean(cut, totals)).containsExactly(new double[] {2, 2}, within(1e-6));
    }
  }

  private static Batch batch(NDManager manager, float[] losses, float[] weight) {
    NDArray none = manager.create(new float[0], new Shape(0));
    NDArray values = manager.create(losses, new Shape(3, 1, 1, 1));
    return new Batch(
        manager.zeros(new Shape(3, 3, 1, 1)),
        new Targets(none, none, values, none, none, new Draws(0, 0, new long[3])),
        weight,
        new boolean[] {true, false, true},
        List.of("a", "b", "c"));
  }

  private static double[] sum(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
  }

  private static double[] mean(double[] sums, double[] totals) {
    return IntStream.range(0, sums.length).mapToDouble(i -> sums[i] / totals[i]).toArray();
  }

  /** The loss of a sample is what its teacher's logits hold, whatever the student says. */
  private record Given(Supervision supervision) implements Loss {
    @Override
    public NDArray perSample(StudentOutput student, Targets targets) {
      return targets.teacherLogits().add(student.logits()).sum(new int[] {1, 2, 3});
    }
  }

  /** Says 0, by a weight that a gradient can reach. */
  private static final class Zero implements Student {
    private final NDArray zero;

    Zero(Weights weights) {
      weights.constant("student.zero", 0, 1, 1, 1, 1);
      zero = weights.get("student.zero");
    }

    @Override
    public StudentOutput forward(NDArray image, Set<Part> training) {
      NDArray each = image.sum(new int[] {1, 2, 3}, true).mul(zero);
      return new StudentOutput(each, each);
    }

    @Override
    public int embeddingChannels() {
      return 1;
    }

    @Override
    public int embeddingStride() {
      return 1;
    }

    @Override
    public int classes() {
      return 1;
    }

    @Override
    public void export(OnnxGraph graph) {
      throw new UnsupportedOperationException("Only trained in tests");
    }
  }
}
