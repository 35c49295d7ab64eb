package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import stillhouse.decoder.PromptDecoderConfig;
import stillhouse.decoder.PromptDecoders;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptKinds;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.PromptedMasks;
import stillhouse.decoder.Upsampling;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

class PromptLossTest {
  private static final int SIDE = 16;
  private static final int GRID = 4;
  private static final int CHANNELS = 16;
  private static final PromptDecoderConfig TINY =
      new PromptDecoderConfig(
          CHANNELS, 1, 2, 16, 2, 16, 8, 3, Upsampling.FOURFOLD, PromptKinds.ALL);
  private static final PromptRounds ROUNDS = new PromptRounds(3, 4, 0.5, 2, true);
  private static final PromptLoop.Parts PARTS = new PromptLoop.Parts(5, 5, 1);

  private final Bench bench = new Bench();
  private Weights weights;
  private PromptableDecoder decoder;
  private NDArray truth;
  private NDArray embedding;

  @BeforeEach
  void make() {
    weights = new Weights(bench.manager, 3);
    decoder =
        PromptableDecoder.create(TINY, new PromptGrid(GRID, GRID, SIDE / GRID), "d.", weights);
    truth = bench.manager.create(twoSamples(), new Shape(2, 1, SIDE, SIDE));
    embedding = noise(5, 2, CHANNELS, GRID, GRID);
  }

  @AfterEach
  void close() {
    weights.close();
    bench.close();
  }

  /** The first has two objects, the second one, which touches the edge. */
  private static float[] twoSamples() {
    float[] truth = new float[2 * SIDE * SIDE];
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j < 5; j++) {
        truth[(2 + i) * SIDE + 1 + j] = 1;
        truth[(9 + i / 2) * SIDE + 9 + j] = 1;
        truth[SIDE * SIDE + i * SIDE + SIDE - 1 - j] = 1;
      }
    }
    return truth;
  }

  /** BCE ln 2; Dice 1 − (2·1 + 1) / (2 + 2 + 1); no mask, so IoU 0. */
  @Test
  void undecidedLogitsCostByHand() {
    NDArray s = bench.manager.zeros(new Shape(1, 1, 2, 2));
    NDArray t = bench.manager.create(new float[] {1, 1, 0, 0}, new Shape(1, 1, 2, 2));
    NDArray none = bench.manager.create(new float[0], new Shape(0));
    NDArray iou = bench.manager.create(new float[] {0.5f}, new Shape(1, 1));
    PromptedMasks answer = new PromptedMasks(s, iou);
    var loop = new PromptLoop(decoder, ROUNDS, PARTS, "p");
    assertThat(loop.loss(s, answer, false, new PromptLoop.Held(t, none, new float[4])).getFloat())
        .isCloseTo((float) (5 * Math.log(2) + 5 * 0.4 + 0.25), within(1e-5f));
    // Half of it ignored: BCE over the two cells that count, Dice 1 − (2·½ + 1) / (1 + 1 + 1)
    NDArray half = bench.manager.create(new float[] {1, 0, 1, 0}, new Shape(1, 1, 2, 2));
    assertThat(loop.loss(s, answer, false, new PromptLoop.Held(t, half, new float[4])).getFloat())
        .isCloseTo((float) (5 * Math.log(2) + 5 / 3.0 + 0.25), within(1e-5f));
  }

  /** IoU of the alternatives with the left column is ½, 0 and 1; the first mask is none of them. */
  @Test
  void everyAlternativeIsHeldToItsOwnIouAndNotTheChosenAlone() {
    NDArray masks =
        bench.manager.create(
            new float[] {9, 9, 9, 9, 9, 9, 9, 9, -9, 9, -9, 9, 9, -9, 9, -9},
            new Shape(1, 4, 2, 2));
    NDArray ious = bench.manager.create(new float[] {7, 0.5f, 0.3f, 0.8f}, new Shape(1, 4));
    NDArray t = bench.manager.create(new float[] {1, 0, 1, 0}, new Shape(1, 1, 2, 2));
    NDArray none = bench.manager.create(new float[0], new Shape(0));
    var answer = new PromptedMasks(masks, ious);
    var held = new PromptLoop.Held(t, none, new float[4]);
    NDArray chosen = masks.get(":, 3:4");
    float whole = loop("p").loss(chosen, answer, true, held).getFloat();
    float ofMask = loop("p").costs(chosen, t, none)[0];
    assertThat(whole - ofMask).isCloseTo((0 + 0.09f + 0.04f) / 3, within(1e-5f));
    float several = loop("p").loss(chosen, answer, false, held).getFloat();
    assertThat(several - ofMask).isCloseTo(6.5f * 6.5f, within(1e-3f));
  }

  @Test
  void aSamplesLossDoesNotDependOnWhoElseIsInTheBatch() {
    float[] both = labels().perSample(output(embedding), targets(0, 2)).toFloatArray();
    assertThat(both[0]).isPositive();
    for (int b = 0; b < 2; b++) {
      NDArray own = embedding.get(b + ":" + (b + 1));
      assertThat(labels().perSample(output(own), targets(b, b + 1)).getFloat())
          .isCloseTo(both[b], within(1e-5f));
    }
  }

  /** Where answers are their own targets no cell disagrees. */
  @Test
  void whoAgreesIsAskedNothingMore() {
    List<float[]> asked = new ArrayList<>();
    PromptLoop.Guide agreeing =
        (objects, questions, answers) -> {
          asked.add(questions.labels(bench.manager).toFloatArray());
          float[] firsts = PromptLoop.firsts(objects.count(), 4);
          NDArray choice = bench.manager.create(firsts, answers.ious().getShape());
          NDArray cut = PromptLoop.chosen(answers.masks(), choice).gt(0);
          NDArray none = bench.manager.create(new float[0], new Shape(0));
          return new PromptLoop.Held(cut.toType(DataType.FLOAT32, false), none, firsts);
        };
    var boxes = new PromptRounds(3, 4, 0.0, 2, true);
    new PromptLoop(decoder, boxes, PARTS, "p")
        .perSample(output(embedding), targets(0, 2), agreeing);
    assertThat(asked).hasSize(3);
    assertThat(asked.get(2)).containsExactly(2, 3, -1, -1, 2, 3, -1, -1, 2, 3, -1, -1);
  }

  /** Softplus(−3) in either cell; Dice of σ(3) and σ(−3) with (1, 0). */
  @Test
  void masksCostByHand() {
    NDArray logits = bench.manager.create(new float[] {3, -3}, new Shape(1, 1, 1, 2));
    NDArray t = bench.manager.create(new float[] {1, 0}, new Shape(1, 1, 1, 2));
    NDArray none = bench.manager.create(new float[0], new Shape(0));
    double bce = Math.log1p(Math.exp(-3));
    double dice = 1 - (2 / (1 + Math.exp(-3)) + 1) / 3;
    assertThat(loop("p").costs(logits, t, none)[0])
        .isCloseTo((float) (5 * bce + 5 * dice), within(1e-5f));
  }

  @Test
  void decodersOfPointsAloneAreAskedNoBoxes() {
    var points =
        PromptableDecoder.create(
            TINY.with(PromptKinds.DENSE_POINTS),
            new PromptGrid(GRID, GRID, SIDE / GRID),
            "p.",
            weights);
    assertThatThrownBy(() -> new PromptLoop(points, ROUNDS, PARTS, "prompt-labels"))
        .hasMessage(
            "Invalid losses.prompt-labels.prompts.pointShare: 0.5 (the student's decoder takes points alone: must be 1)");
    assertThatThrownBy(
            () -> new PromptLoop(decoder, ROUNDS, new PromptLoop.Parts(0, 0, 1), "prompt-labels"))
        .hasMessageContaining("one of them must be > 0");
  }

  @Test
  void gradientsReachTheEmbeddingAndEveryTensorThatIsAsked() {
    Map<String, NDArray> of = new TreeMap<>(weights.trainable());
    of.put("embedding", embedding);
    Map<String, float[]> gradients =
        bench.gradients(of, () -> labels().perSample(output(embedding), targets(0, 2)));
    gradients.forEach(
        (name, gradient) -> {
          // Alternatives that were not chosen learn nothing.
          boolean asked = !name.matches(".*hypernetworks_mlps.[123].*");
          double sum = 0;
          for (float g : gradient) {
            assertThat(g).as(name).isFinite();
            sum += Math.abs(g);
          }
          if (asked && !name.contains("k_proj.bias")) { // a softmax does not see them
            assertThat(sum).as(name).isPositive();
          }
        });
  }

  @Test
  void anEarlierMaskGoesInUnlessTheRecipeKeepsItOut() {
    var without =
        new PromptLabels(
            new PromptLoop(decoder, new PromptRounds(3, 4, 0.5, 2, false), PARTS, "l"));
    Map<String, float[]> gradients =
        bench.gradients(
            weights.trainable(), () -> without.perSample(output(embedding), targets(0, 2)));
    gradients.forEach(
        (name, gradient) -> {
          if (name.contains("mask_downscaling")) {
            assertThat(gradient).as(name).containsOnly(0);
          }
        });
    assertThat(without.perSample(output(embedding), targets(0, 2)).toFloatArray())
        .isNotEqualTo(labels().perSample(output(embedding), targets(0, 2)).toFloatArray());
  }

  @Test
  void aBatchWithoutObjectsCostsNothingAndLeavesGradientsOfZero() {
    truth = bench.manager.zeros(new Shape(2, 1, SIDE, SIDE));
    Map<String, float[]> gradients =
        bench.gradients(
            Map.of("embedding", embedding),
            () -> labels().perSample(output(embedding), targets(0, 2)));
    assertThat(labels().perSample(output(embedding), targets(0, 2)).toFloatArray())
        .containsExactly(0, 0);
    assertThat(gradients.get("embedding")).containsOnly(0);
  }

  @Test
  void whatIsMissingIsSaid() {
    assertThatThrownBy(() -> PromptDecoders.NONE.requireStudent("prompt-labels"))
        .hasMessageStartingWith("Invalid losses.prompt-labels: the student takes no prompts");
    assertThatThrownBy(
            () -> new PromptDecoders(decoder, () -> null).requireTeacher("prompt-teacher"))
        .hasMessageContaining("files: decoder-weights");
    assertThatThrownBy(() -> new PromptRounds(0, null, null, null, null))
        .hasMessageContaining("Invalid prompts: objects 0");
  }

  private PromptLoop loop(String purpose) {
    return new PromptLoop(decoder, ROUNDS, PARTS, purpose);
  }

  private PromptLabels labels() {
    return new PromptLabels(loop("l"));
  }

  private StudentOutput output(NDArray embedding) {
    return new StudentOutput(embedding, null);
  }

  private Targets targets(int from, int to) {
    NDArray none = bench.manager.create(new float[0], new Shape(0));
    var draws = new Draws(1, 2, new long[] {77, 78});
    return new Targets(truth, none, none, embedding, none, draws).part(bench.manager, from, to);
  }

  private NDArray noise(long seed, long... shape) {
    var random = new SplittableRandom(seed);
    float[] values = new float[Math.toIntExact(new Shape(shape).size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return bench.manager.create(values, new Shape(shape));
  }
}
