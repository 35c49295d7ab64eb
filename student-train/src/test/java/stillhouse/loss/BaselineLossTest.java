package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import stillhouse.student.StudentOutput;

/** The baselines' losses: cases on paper, and what holds for any input. */
class BaselineLossTest {
  private static final double LN2 = Math.log(2);

  @Test
  void channelWiseComparesWhereAMapIsHigh() {
    try (var bench = new Bench()) {
      // φ(t) = (¾, ¼) at T = 2, φ(s) = (½, ½): T² (¾ ln 3/2 + ¼ ln 1/2)
      NDArray t = map(bench, 1, 2, (float) (2 * Math.log(3)), 0);
      NDArray s = map(bench, 1, 2, 7, 7);
      double expected = 4 * (0.75 * Math.log(1.5) - 0.25 * LN2);
      assertThat(of(new ChannelWise(2, ChannelWise::logits), s, logits(t))[0])
          .isCloseTo((float) expected, within(1e-5f));
    }
  }

  @Test
  void pixelWiseIsTheDivergenceOfThreeClasses() {
    try (var bench = new Bench()) {
      // logits ln 2 and 0 beside the background's 0: t = (¼, ½, ¼); the student's are even
      NDArray t = map(bench, 2, 1, (float) LN2, 0);
      NDArray s = map(bench, 2, 1, 0, 0);
      double expected = 0.5 * Math.log(0.25 * 3) + 0.5 * Math.log(0.5 * 3);
      var loss = new PixelWise(1, Distribution.SOFTMAX);
      assertThat(of(loss, s, logits(t))[0]).isCloseTo((float) expected, within(1e-6f));
    }
  }

  @Test
  void pairWiseIsTheSquareOfWhatTwoPlacesHaveInCommon() {
    try (var bench = new Bench()) {
      // the teacher's two places are alike, the student's orthogonal: two of four pairs differ by 1
      NDArray t = map(bench, 2, 2, 1, 5, 0, 0);
      NDArray s = map(bench, 2, 2, 3, 0, 0, 2);
      var targets = new Targets(null, null, null, t, null, null);
      assertThat(new PairWise(16).perSample(new StudentOutput(s, null), targets).toFloatArray())
          .containsExactly(new float[] {0.5f}, within(1e-6f));
    }
  }

  @Test
  void decoupledWeighsTheTrueClassAndTheOthersApart() {
    try (var bench = new Bench()) {
      // class 1 is true. t = (¼, ½, ¼), s = (⅙, ½, ⅓): b is equal, p̂ = (½, ½) against (⅓, ⅔)
      NDArray t = map(bench, 2, 1, (float) LN2, 0);
      NDArray s = map(bench, 2, 1, (float) Math.log(3), (float) LN2);
      NDArray y = map(bench, 2, 1, 1, 0);
      var targets = new Targets(y, map(bench, 1, 1, 1), t, null, null, null);
      double others = 0.5 * Math.log(1.5) + 0.5 * Math.log(0.75);
      var loss = new DecoupledKd(100, 2, 1, DecoupledKd.Target.LABELS);
      assertThat(of(loss, s, targets)[0]).isCloseTo((float) (2 * others), within(1e-5f));
    }
  }

  @Test
  void decoupledStaysFiniteWhereTheTrueClassIsCertain() {
    try (var bench = new Bench()) {
      NDArray t = map(bench, 2, 1, 90, -90);
      NDArray s = map(bench, 2, 1, -90, 90);
      var targets = new Targets(map(bench, 2, 1, 1, 0), map(bench, 1, 1, 1), t, null, null, null);
      var loss = new DecoupledKd(1, 0, 1, DecoupledKd.Target.LABELS);
      var gradient =
          bench.gradients(
              Map.of("s", s), () -> loss.perSample(new StudentOutput(null, s), targets));
      assertThat(of(loss, s, targets)).containsExactly(new float[] {180}, within(1e-3f));
      assertThat(gradient.get("s")).containsExactly(new float[] {-1, 1}, within(1e-6f));
    }
  }

  @Test
  void crossEntropyOfUndecidedLogitsIsTheLogarithmOfTheClasses() {
    try (var bench = new Bench()) {
      NDArray s = bench.manager.zeros(new Shape(1, 2, 1, 3));
      // background, class 1, and an ignored pixel of class 2
      NDArray y = map(bench, 2, 3, 0, 1, 0, 0, 0, 1);
      var targets = new Targets(y, map(bench, 1, 3, 1, 1, 0), null, null, null, null);
      assertThat(of(new CrossEntropy(), s, targets))
          .containsExactly(new float[] {(float) Math.log(3)}, within(1e-6f));
    }
  }

  @Test
  void maskedGenerationMakesWhatIsBlankedFromWhatIsNot() {
    try (var bench = new Bench()) {
      // the generator adds up its neighbours (and is linear here): of (3, 5, 7) with 5 blanked the
      // places are 3, 3 + 7, 7, to be (3, 9, 7)
      NDArray s = map(bench, 1, 3, 3, 5, 7);
      NDArray t = map(bench, 1, 3, 3, 9, 7);
      NDArray sum =
          bench.manager.create(new float[] {0, 0, 0, 1, 1, 1, 0, 0, 0}).reshape(1, 1, 3, 3);
      NDArray same =
          bench.manager.create(new float[] {0, 0, 0, 0, 1, 0, 0, 0, 0}).reshape(1, 1, 3, 3);
      NDArray none = bench.manager.zeros(new Shape(1));
      var loss =
          new MaskedGeneration(
              0.5,
              EmbeddingAdapter.none(1),
              new Convolution(sum, none),
              new Convolution(same, none));
      Noise noise = new Blanked(new float[] {0.1f, 0.9f, 0.5f});
      var targets = new Targets(null, null, null, t, null, noise);
      assertThat(loss.perSample(new StudentOutput(s, null), targets).toFloatArray())
          .containsExactly(new float[] {1f / 3}, within(1e-6f));
    }
  }

  @Test
  void aGeneratorTrainedBesideTheStudentLearns() {
    try (var bench = new Bench()) {
      Loss loss = bench.loss("{mgd: {weight: 1, masked: 0.5}}");
      var samples = bench.samples(9, 4);
      double before = mean(samples.of(loss));
      for (int step = 0; step < 40; step++) {
        bench
            .gradients(
                bench.weights.trainable(),
                () -> loss.perSample(samples.output(), samples.targets()))
            .forEach((name, g) -> descend(bench.weights.get(name), g));
      }
      assertThat(mean(samples.of(loss))).isLessThan(0.8 * before);
    }
  }

  @Test
  void reviewWeighsCoarserContextLess() {
    try (var bench = new Bench()) {
      // a difference of 4 in one of 8×8 cells: mean squares 16/64, then of parts 1², ¼², (1/16)²
      float[] values = new float[64];
      values[9] = 4;
      NDArray apart = bench.manager.create(values, new Shape(1, 1, 8, 8));
      double expected =
          (16 / 64.0 + 0.5 * 1 / 16 + 0.25 * Math.pow(0.25, 2) / 4 + 0.125 * Math.pow(1 / 16.0, 2))
              / 1.875;
      assertThat(KnowledgeReview.hierarchical(apart).toFloatArray())
          .containsExactly(new float[] {(float) expected}, within(1e-6f));
    }
  }

  @Property(tries = 10)
  void ofOneClassSoftmaxAndSigmoidAreTheSame(@ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      NDArray s = bench.random(seed, -4, 4, 2, 1, 3, 3);
      NDArray t = bench.random(seed + 1, -4, 4, 2, 1, 3, 3);
      NDArray y = bench.random(seed + 2, 0, 1, 2, 1, 3, 3).round();
      var targets = new Targets(y, y.onesLike(), t, null, null, null);
      float[] sigmoid = of(new PixelWise(2, Distribution.SIGMOID), s, targets);
      assertThat(of(new PixelWise(2, Distribution.SOFTMAX), s, targets))
          .containsExactly(sigmoid, within(1e-5f));
      // nothing is left to decouple: α times the same, whatever the labels and β
      assertThat(of(new DecoupledKd(1, 8, 2, DecoupledKd.Target.LABELS), s, targets))
          .containsExactly(sigmoid, within(1e-5f));
      assertThat(of(new CrossEntropy(), s, targets))
          .containsExactly(of(new BceLoss(List.of()), s, targets), within(1e-5f));
    }
  }

  @Property(tries = 10)
  void theMostLikelyClassIsTheOneThatIsScored(@ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      NDArray s = bench.random(seed, -3, 2, 1, 3, 1, 8);
      float[] chosen = Categorical.mostLikely(Categorical.logits(s)).toFloatArray();
      float[] logits = s.toFloatArray();
      for (int i = 0; i < 8; i++) {
        int best = 0;
        for (int k = 0; k < 3; k++) {
          float reached = best == 0 ? 0 : logits[(best - 1) * 8 + i];
          best = logits[k * 8 + i] > reached ? k + 1 : best;
        }
        for (int k = 0; k < 4; k++) {
          assertThat(chosen[k * 8 + i]).isEqualTo(k == best ? 1f : 0f);
        }
      }
    }
  }

  @Property(tries = 10)
  void aStudentThatSaysWhatTheTeacherSaysCostsNothing(
      @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      NDArray logits = bench.random(seed, -4, 4, 2, 3, 4, 4);
      NDArray map = bench.random(seed + 1, -4, 4, 2, 6, 4, 4);
      var targets = new Targets(null, null, logits, map, null, null);
      for (Loss loss :
          List.of(
              new ChannelWise(4, ChannelWise::logits),
              new ChannelWise(4, ChannelWise.embeddings(EmbeddingAdapter.none(6))),
              new PixelWise(2, Distribution.SOFTMAX),
              new PixelWise(2, Distribution.SIGMOID),
              new PairWise(2),
              new DecoupledKd(1, 8, 4, DecoupledKd.Target.TEACHER))) {
        assertThat(loss.perSample(new StudentOutput(map, logits), targets).toFloatArray())
            .as(loss.getClass().getSimpleName())
            .containsExactly(new float[] {0, 0}, within(1e-4f));
      }
    }
  }

  private static void descend(NDArray weight, float[] gradient) {
    float[] moved = weight.toFloatArray();
    for (int i = 0; i < moved.length; i++) {
      moved[i] -= 0.05f * gradient[i];
    }
    weight.set(moved);
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += v / values.length;
    }
    return sum;
  }

  /** One draw of a mask. */
  private record Blanked(float[] values) implements Noise {
    @Override
    public float[] gaussian(String purpose, int perSample) {
      throw new AssertionError("A mask is not gaussian");
    }

    @Override
    public float[] uniform(String purpose, int perSample) {
      return values.clone();
    }
  }

  private static float[] of(Loss loss, NDArray logits, Targets targets) {
    return loss.perSample(new StudentOutput(null, logits), targets).toFloatArray();
  }

  private static Targets logits(NDArray teacher) {
    return new Targets(null, null, teacher, null, null, null);
  }

  /** One sample of one row, [1, channels, 1, width]. */
  private static NDArray map(Bench bench, int channels, int width, float... values) {
    return bench.manager.create(values, new Shape(1, channels, 1, width));
  }
}
