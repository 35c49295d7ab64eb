package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import stillhouse.student.StudentOutput;

/** Cases small enough to work out on paper. */
class LossByHandTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void cosineIsZeroOneAndTwoForEqualOrthogonalAndOppositeMaps() {
    NDArray student = map(3, 1, 1, 2, /* b0 */ 1, 2, /* b1 */ 1, 0, /* b2 */ 3, 4);
    NDArray teacher = map(3, 1, 1, 2, /* b0 */ 2, 4, /* b1 */ 0, 7, /* b2 */ -6, -8);
    var loss = new CosineAlignment(CosineAlignment.Axis.SPACE, false, EmbeddingAdapter.none(1));
    assertThat(perSample(loss, student, teacher))
        .containsExactly(new float[] {0, 1, 2}, within(1e-6f));
  }

  @Test
  void constantMapsAreAlikeUnlessCentred() {
    NDArray student = map(1, 1, 1, 2, 5, 5);
    NDArray teacher = map(1, 1, 1, 2, 1, 3);
    // cos((5, 5), (1, 3)) = 4 / √20
    assertThat(
            perSample(
                new CosineAlignment(CosineAlignment.Axis.SPACE, false, EmbeddingAdapter.none(1)),
                student,
                teacher)[0])
        .isCloseTo((float) (1 - 4 / Math.sqrt(20)), within(1e-6f));
    assertThat(
            perSample(
                new CosineAlignment(CosineAlignment.Axis.SPACE, true, EmbeddingAdapter.none(1)),
                student,
                teacher))
        .containsExactly(1);
  }

  @Test
  void zeroEmbeddingCostsOneAndHasNoGradient() {
    NDArray student = bench.manager.zeros(new ai.djl.ndarray.types.Shape(1, 1, 1, 2));
    NDArray teacher = map(1, 1, 1, 2, 1, 3);
    var loss = new CosineAlignment(CosineAlignment.Axis.SPACE, false, EmbeddingAdapter.none(1));
    assertThat(perSample(loss, student, teacher)).containsExactly(1);
    var gradient =
        bench.gradients(
            Map.of("s", student),
            () -> loss.perSample(new StudentOutput(student, null), embedding(teacher)));
    assertThat(gradient.get("s")).containsExactly(0, 0);
  }

  @Test
  void softBceDividesTheTeacherOnly() {
    // t = 2 at T = 2: y = σ(1); s = 0: softplus(0) = ln 2 whatever y is, and ds = σ(0) − y
    NDArray s = map(1, 1, 1, 1, 0);
    NDArray t = map(1, 1, 1, 1, 2);
    var loss = new SoftBce(2, false);
    var targets = new Targets(null, null, t, null, null, null);
    float[] value = new float[1];
    var gradient =
        bench.gradients(
            Map.of("s", s),
            () -> {
              NDArray l = loss.perSample(new StudentOutput(null, s), targets);
              value[0] = l.getFloat();
              return l;
            });
    assertThat(value[0]).isCloseTo((float) Math.log(2), within(1e-6f));
    assertThat(gradient.get("s")[0])
        .isCloseTo((float) (0.5 - 1 / (1 + Math.exp(-1))), within(1e-6f));
  }

  @Test
  void diceCountsOverlapOnce() {
    // σ(0) = ½ on four pixels, two of them true: 1 − 2·1 / (2 + 2)
    NDArray s = map(1, 1, 2, 2, 0, 0, 0, 0);
    NDArray y = map(1, 1, 2, 2, 1, 1, 0, 0);
    var loss = new DiceLoss(DiceLoss.EmptyTruth.ZERO, Distribution.SIGMOID);
    assertThat(labelled(loss, s, y, map(1, 1, 2, 2, 1, 1, 1, 1))[0]).isCloseTo(0.5f, within(1e-6f));
    // one true and one false pixel ignored: 1 − 2·½ / (1 + 1)
    assertThat(labelled(loss, s, y, map(1, 1, 2, 2, 0, 1, 1, 0))[0]).isCloseTo(0.5f, within(1e-6f));
    // both true pixels ignored: an empty truth
    assertThat(labelled(loss, s, y, map(1, 1, 2, 2, 0, 0, 1, 1))).containsExactly(0);
  }

  @Test
  void bceWeighsPositivesOnly() {
    NDArray s = map(1, 1, 1, 2, 0, 0);
    NDArray y = map(1, 1, 1, 2, 1, 0);
    NDArray all = map(1, 1, 1, 2, 1, 1);
    double ln2 = Math.log(2);
    assertThat(labelled(new BceLoss(java.util.List.of()), s, y, all)[0])
        .isCloseTo((float) ln2, within(1e-6f));
    assertThat(labelled(new BceLoss(java.util.List.of(3.0)), s, y, all)[0])
        .isCloseTo((float) (2 * ln2), within(1e-6f));
  }

  @Test
  void bceStaysFiniteAndExactWhereLogitsAreHuge() {
    NDArray s = map(1, 1, 1, 2, 200, -200);
    NDArray y = map(1, 1, 1, 2, 0, 1);
    assertThat(labelled(new BceLoss(java.util.List.of()), s, y, map(1, 1, 1, 2, 1, 1)))
        .containsExactly(200);
  }

  @Test
  void refusesAPositiveWeightForOtherClasses() {
    NDArray s = map(1, 1, 1, 2, 0, 0);
    var loss = new BceLoss(java.util.List.of(1.0, 2.0, 3.0));
    assertThatThrownBy(() -> labelled(loss, s, s, s))
        .hasMessage(
            "Invalid bce.positiveWeight: [1.0, 2.0, 3.0] (must be one number, or one for each of 1"
                + " classes)");
  }

  @Test
  void refusesTeacherChannelsItWasNotMadeFor() {
    var loss = new CosineAlignment(CosineAlignment.Axis.SPACE, false, EmbeddingAdapter.none(4));
    NDArray one = map(1, 1, 1, 2, 0, 0);
    assertThatThrownBy(() -> perSample(loss, one, one))
        .hasMessage("Invalid teacher embedding: shape (1, 1, 1, 2) (must be [B, 4, h, w])");
  }

  @Test
  void stopsALearnedProjectionThatHasBecomeConstant() {
    Loss loss =
        bench.loss(
            "{feature-consistency: {weight: 1}}", ProjectionSettings.TeacherProjection.LEARNED);
    var samples = bench.samples(1, 2);
    NDArray positive = samples.targets().teacherEmbedding().abs();
    assertThat(samples.of(loss)).doesNotContain(Float.NaN);
    NDArray p = bench.weights.get("loss.representation.teacher.weight");
    float[] same = new float[(int) p.size()];
    java.util.Arrays.fill(same, 1);
    p.set(same); // every output is the (positive) sum of the channels: a constant once it is normed
    assertThatThrownBy(() -> samples.withTeacherEmbedding(positive).of(loss))
        .hasMessageStartingWith("The learned teacher projection has collapsed: its channels'")
        .hasMessageContaining("Set projection.teacherProjection to pca");
  }

  @Test
  void aFlatImageIsNoCollapse() {
    Loss loss =
        bench.loss(
            "{feature-consistency: {weight: 1}}", ProjectionSettings.TeacherProjection.LEARNED);
    var samples = bench.samples(1, 2);
    NDArray flat = samples.targets().teacherEmbedding().onesLike();
    assertThat(samples.withTeacherEmbedding(flat).of(loss)).doesNotContain(Float.NaN);
  }

  private static float[] perSample(Loss loss, NDArray student, NDArray teacher) {
    return loss.perSample(new StudentOutput(student, null), embedding(teacher)).toFloatArray();
  }

  private static float[] labelled(Loss loss, NDArray logits, NDArray truth, NDArray valid) {
    return loss.perSample(
            new StudentOutput(null, logits), new Targets(truth, valid, null, null, null, null))
        .toFloatArray();
  }

  private static Targets embedding(NDArray teacher) {
    return new Targets(null, null, null, teacher, null, null);
  }

  private NDArray map(long b, long c, long h, long w, float... values) {
    return bench.manager.create(values, new ai.djl.ndarray.types.Shape(b, c, h, w));
  }
}
