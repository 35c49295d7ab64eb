package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import stillhouse.structure.Weighting;

/** What holds for any input. */
class LossPropertyTest {
  private static final List<String> ALL =
      List.of(
          "{cosine: {weight: 1}}",
          "{cosine: {weight: 1, axis: channel, centre: true}}",
          "{soft-bce: {weight: 1}}",
          "{dice: {weight: 1}}",
          "{dice: {weight: 1, emptyTruth: penalised}}",
          "{dice: {weight: 1, distribution: softmax}}",
          "{bce: {weight: 1, positiveWeight: 2}}",
          "{feature-consistency: {weight: 1}}",
          "{denoising-score: {weight: 1}}",
          "{denoising-score: {weight: 1, conditioning: student-only, kernel: 3}}",
          "{cross-entropy: {weight: 1}}",
          "{cwd: {weight: 1, temperature: 1}}",
          "{cwd-embedding: {weight: 1, temperature: 1}}",
          "{skd-pixel: {weight: 1}}",
          "{mgd: {weight: 1, hidden: 4}}",
          "{review: {weight: 1, width: 4}}",
          "{embedding-mse: {weight: 1}}",
          "{perceptual: {weight: 1, width: 2}}",
          "{skd-pair: {weight: 1, nodes: 3}}",
          "{dkd: {weight: 1, beta: 1, temperature: 1}}",
          "{dkd: {weight: 1, beta: 1, temperature: 1, target: teacher}}");

  @Property(tries = 60)
  void aBatchIsItsSamples(
      @ForAll("losses") String yaml,
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 1, max = 4) int cut) {
    try (var bench = new Bench()) {
      Loss loss = bench.loss(yaml);
      var samples = bench.samples(seed, 5);
      float[] whole = samples.of(loss);
      float[] first = samples.slice(0, cut).of(loss);
      float[] rest = samples.slice(cut, 5).of(loss);
      float[] joined = Arrays.copyOf(first, 5);
      System.arraycopy(rest, 0, joined, cut, rest.length);
      assertThat(joined).containsExactly(whole, within(2e-6f));
    }
  }

  @Property(tries = 40)
  void aSampleWithoutLabelsIsFiniteAndTeachesLabelsNothing(
      @ForAll("losses") String yaml, @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      Loss loss = bench.loss(yaml);
      var drawn = bench.samples(seed, 2);
      NDArray second = bench.manager.create(new float[] {0, 1}, new Shape(2, 1, 1, 1));
      var t = drawn.targets();
      var targets =
          new Targets(
              t.truth().mul(second),
              t.valid().mul(second),
              t.teacherLogits(),
              t.teacherEmbedding(),
              t.structure(),
              t.noise());
      NDArray logits = drawn.output().logits();
      float[] values = loss.perSample(drawn.output(), targets).toFloatArray();
      float[] gradient =
          bench
              .gradients(
                  Map.of("logits", logits),
                  () -> loss.perSample(drawn.output(), targets).add(logits.sum().sub(logits.sum())))
              .get("logits");
      for (float v : gradient) {
        assertThat(v).isFinite();
      }
      assertThat(values[0]).isFinite();
      if (loss.supervision() == Loss.Supervision.LABELS) {
        assertThat(values[0]).isZero();
        assertThat(Arrays.copyOf(gradient, gradient.length / 2)).containsOnly(0);
      }
    }
  }

  @Property(tries = 30)
  void aMaskOfOnesIsNoMask(
      @ForAll("labelLosses") String yaml, @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      Loss loss = bench.loss(yaml);
      var samples = bench.samples(seed, 3);
      NDArray none = bench.manager.create(new float[0], new Shape(0));
      var ones = samples.withValid(bench.manager.ones(samples.targets().valid().getShape()));
      var without = samples.withValid(none);
      assertThat(without.of(loss)).containsExactly(ones.of(loss), within(1e-6f));
      Map<String, NDArray> logits = Map.of("logits", samples.output().logits());
      float[] expected =
          bench
              .gradients(logits, () -> loss.perSample(ones.output(), ones.targets()))
              .get("logits");
      float[] actual =
          bench
              .gradients(logits, () -> loss.perSample(without.output(), without.targets()))
              .get("logits");
      assertThat(actual).containsExactly(expected, within(1e-6f));
    }
  }

  @Property(tries = 20)
  void ignoredPixelsDoNotMatter(
      @ForAll("labelLosses") String yaml, @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      Loss loss = bench.loss(yaml);
      var samples = bench.samples(seed, 3);
      NDArray v = samples.targets().valid();
      NDArray elsewhere = v.neg().add(1);
      NDArray logits =
          samples.output().logits().add(elsewhere.mul(bench.random(seed + 99, -9, 9, 3, 2, 6, 6)));
      NDArray truth = samples.targets().truth().mul(v).add(elsewhere);
      var t = samples.targets();
      var other =
          new Bench.Samples(
              new stillhouse.student.StudentOutput(samples.output().embedding(), logits),
              new Targets(
                  truth, v, t.teacherLogits(), t.teacherEmbedding(), t.structure(), t.noise()));
      assertThat(other.of(loss)).containsExactly(samples.of(loss), within(2e-6f));
    }
  }

  @Property(tries = 10)
  void uniformWeightingIsThePlainMean(@ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      var weights = new StructureWeights(Weighting.named("uniform"));
      NDArray x = bench.random(seed, -2, 2, 3, 5, 4, 4);
      var none = new Targets(null, null, null, null, null, null);
      assertThat(FeatureConsistency.weightedMean(x, none, weights).toFloatArray())
          .containsExactly(FeatureMaps.meanPerSample(x.square()).toFloatArray(), within(1e-6f));
    }
  }

  @Property(tries = 20)
  void aConstantAddedToTheTeacherChangesNothingWhenCentred(
      @ForAll @LongRange(min = 0, max = 1000) long seed, @ForAll CosineAlignment.Axis axis) {
    try (var bench = new Bench()) {
      Loss cosine = new CosineAlignment(axis, true, EmbeddingAdapter.none(5));
      var samples = bench.samples(seed, 2);
      NDArray teacher = bench.random(seed, -1, 1, 2, 5, 4, 4);
      NDArray shifted = teacher.add(bench.random(seed + 5, -3, 3, 1, 5, 1, 1));
      assertThat(samples.withTeacherEmbedding(shifted).of(cosine))
          .containsExactly(samples.withTeacherEmbedding(teacher).of(cosine), within(1e-5f));
    }
  }

  @Property(tries = 10)
  void aConstantAddedToTheTeacherAndItsMeanChangesNothing(
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll ProjectionSettings.TeacherProjection kind) {
    var settings = new ProjectionSettings(3, kind, null);
    try (var bench = new Bench();
        var moved = new Bench()) {
      LossSettings yaml = Bench.settings("{feature-consistency: {weight: 1}}");
      Loss loss =
          yaml.create(
              new Assembly(
                  new ObjectiveContext(bench.weights, 5, 6, 4, Bench.projection(6, 0)), settings));
      Loss shifted =
          yaml.create(
              new Assembly(
                  new ObjectiveContext(moved.weights, 5, 6, 4, Bench.projection(6, 2)), settings));
      var samples = bench.samples(seed, 2);
      float[] after =
          samples.withTeacherEmbedding(samples.targets().teacherEmbedding().add(2)).of(shifted);
      assertThat(after).containsExactly(samples.of(loss), within(2e-5f));
    }
  }

  @Property(tries = 10)
  void weightsSumToOneForEveryWeighting(
      @ForAll("weightings") String name,
      @ForAll Weighting.Components components,
      @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (var bench = new Bench()) {
      var weights = new StructureWeights(Weighting.named(name).with(components));
      NDArray w = weights.of(bench.random(seed, 0, 3, 2, 3, 8, 8), 2, 8, 8, bench.manager);
      assertThat(w.getShape()).isEqualTo(new Shape(2, 8, 8));
      assertThat(FeatureMaps.sumPerSample(w).toFloatArray())
          .containsExactly(new float[] {1, 1}, within(1e-5f));
    }
  }

  @Provide
  Arbitrary<String> losses() {
    return Arbitraries.of(ALL);
  }

  @Provide
  Arbitrary<String> labelLosses() {
    return Arbitraries.of(
        "{dice: {weight: 1}}",
        "{bce: {weight: 1}}",
        "{dice: {weight: 1, emptyTruth: one}}",
        "{cross-entropy: {weight: 1}}",
        "{dkd: {weight: 1, beta: 1, temperature: 1}}");
  }

  @Provide
  Arbitrary<String> weightings() {
    return Arbitraries.of("uniform", "E", "C", "D", "E+C", "full");
  }
}
