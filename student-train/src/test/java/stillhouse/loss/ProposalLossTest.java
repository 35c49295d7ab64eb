package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import stillhouse.data.Components.Component;
import stillhouse.decoder.DrawnObjects;
import stillhouse.decoder.PromptDecoders;
import stillhouse.student.Fixtures;
import stillhouse.student.ProposalHead;
import stillhouse.student.StudentOutput;

class ProposalLossTest {
  private static final int SIDE = 16;
  private static final int GRID = 4;

  /** Values and gradients in float64 by JAX and optax: reference/proposals.py. */
  @TestFactory
  Stream<DynamicTest> agreesWithJaxInDoublePrecision() throws IOException {
    JsonNode cases = ReferenceCase.read("proposal_losses.json").get("cases");
    assertThat(cases).hasSize(4);
    return StreamSupport.stream(cases.spliterator(), false)
        .map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> check(c)));
  }

  private static void check(JsonNode c) {
    try (var bench = new Bench()) {
      Map<String, NDArray> in = ReferenceCase.tensors(bench, c.get("inputs"));
      JsonNode s = c.get("settings");
      var loss =
          new ProposalLabels(
              null,
              new ProposalLabels.Settings(
                  1,
                  s.has("box") ? s.get("box").asDouble() : null,
                  s.has("centre") ? s.get("centre").asDouble() : null,
                  s.has("minArea") ? s.get("minArea").asInt() : null));
      Targets targets = ReferenceCase.targets(in, null);
      NDArray z = in.get("objectness");
      NDArray d = in.get("distances");
      float[] values = loss.perSample(new ProposalHead.Maps(z, d), targets).toFloatArray();
      for (int b = 0; b < values.length; b++) {
        double expected = c.get("perSample").get(b).asDouble();
        assertThat((double) values[b]).isCloseTo(expected, within(4e-6 * (1 + expected)));
      }
      ReferenceCase.checkGradients(
          bench.gradients(
              Map.of("objectness", z, "distances", d),
              () -> loss.perSample(new ProposalHead.Maps(z, d), targets)),
          c.get("gradients"));
    }
  }

  /**
   * An image of one cell of 4×4, its object 2×2 in the middle: sides at a quarter of a cell,
   * proposed at one. σ(0) = ½: ¼ · ¼ · ln 2 for the one cell; areas of 4 and ¼ cells, of which ¼ is
   * shared.
   */
  @Test
  void oneCellCostsByHand() {
    try (var bench = new Bench()) {
      float[] truth = new float[16];
      for (int i : new int[] {5, 6, 9, 10}) {
        truth[i] = 1;
      }
      NDArray z = bench.manager.zeros(new Shape(1, 1, 1, 1));
      NDArray d = bench.manager.ones(new Shape(1, 4, 1, 1));
      double focal = 0.0625 * Math.log(2);
      assertThat(value(bench, z, d, truth, 4, 1.0, 4))
          .isCloseTo((float) (focal + Math.log(4.01 / 0.26)), within(1e-5f));
      assertThat(value(bench, z, d, truth, 4, 0.0, 4)).isCloseTo((float) focal, within(1e-6f));
      // Of fewer pixels than minArea it is none: ¾ · ¼ · ln 2.
      assertThat(value(bench, z, d, truth, 4, 1.0, 5))
          .isCloseTo((float) (0.1875 * Math.log(2)), within(1e-6f));
    }
  }

  private static float value(
      Bench bench, NDArray z, NDArray d, float[] truth, int side, double box, int minArea) {
    var loss = new ProposalLabels(null, new ProposalLabels.Settings(1, box, null, minArea));
    NDArray none = bench.manager.create(new float[0], new Shape(0));
    NDArray labels = bench.manager.create(truth, new Shape(1, 1, side, side));
    Targets targets = new Targets(labels, none, none, none, none, null);
    return loss.perSample(new ProposalHead.Maps(z, d), targets).getFloat();
  }

  /**
   * On a grid of 4×4 cells of 4 pixels: a box of 12×12 at (0, 0), whose central 6×6 have the
   * middles of cells at 6 alone (2 and 10 are 4 from its middle), and one of 2×2 at (5, 5) with its
   * middle in the same cell, which is smaller.
   */
  @Test
  void ofSeveralObjectsACellIsTheSmallerOnes() {
    float[] truth = new float[2 * SIDE * SIDE];
    for (int y = 0; y < 12; y++) {
      for (int x = 0; x < 12; x++) {
        boolean inner = y >= 5 && y < 7 && x >= 5 && x < 7;
        truth[(inner ? SIDE * SIDE : 0) + y * SIDE + x] = 1;
      }
    }
    DrawnObjects objects = DrawnObjects.every(truth, 2, SIDE, SIDE, 4);
    assertThat(objects.all())
        .extracting(o -> o.component())
        .containsExactly(new Component(1, 0, 0, 12, 12, 140), new Component(2, 5, 5, 7, 7, 4));
    ProposalTargets targets = ProposalTargets.of(objects, new float[0], 1, GRID, GRID, 0.5);
    float[] positive = new float[GRID * GRID];
    positive[5] = 1;
    assertThat(targets.positive()).containsExactly(positive);
    assertThat(side(targets, 0)[5]).isEqualTo(0.25f);
    assertThat(side(targets, 3)[5]).isEqualTo(0.25f);
    // Without the small one the cell is the large one's: 6 pixels to each side are 1½ cells.
    ProposalTargets large =
        ProposalTargets.of(
            DrawnObjects.every(truth, 2, SIDE, SIDE, 5), new float[0], 1, GRID, GRID, 0.5);
    assertThat(large.positive()).containsExactly(positive);
    assertThat(side(large, 2)[5]).isEqualTo(1.5f);
  }

  private static float[] side(ProposalTargets targets, int side) {
    return Arrays.copyOfRange(targets.distances(), side * GRID * GRID, (side + 1) * GRID * GRID);
  }

  @Test
  void aCellWithAnIgnoredPixelCountsNowhere() {
    float[] truth = new float[SIDE * SIDE];
    Arrays.fill(truth, 0, 5 * SIDE, 1); // rows 0 to 4
    float[] valid = new float[SIDE * SIDE];
    Arrays.fill(valid, 1);
    valid[3] = 0; // of cell 0
    DrawnObjects objects = DrawnObjects.every(truth, 1, SIDE, SIDE, 4);
    ProposalTargets targets = ProposalTargets.of(objects, valid, 1, GRID, GRID, 0.5);
    assertThat(targets.counted()[0]).isZero();
    assertThat(Arrays.copyOfRange(targets.counted(), 1, 16)).containsOnly(1);
    try (var bench = new Bench()) {
      var loss = new ProposalLabels(null, new ProposalLabels.Settings(1, 1.0, 1.0, 4));
      NDArray labels = bench.manager.create(truth, new Shape(1, 1, SIDE, SIDE));
      NDArray counts = bench.manager.create(valid, new Shape(1, 1, SIDE, SIDE));
      NDArray none = bench.manager.create(new float[0], new Shape(0));
      Targets of = new Targets(labels, counts, none, none, none, null);
      NDArray z = bench.random(1, -1, 1, 1, 1, GRID, GRID);
      NDArray d = bench.random(2, 0.1, 2, 1, 4, GRID, GRID);
      Map<String, float[]> gradients =
          bench.gradients(
              Map.of("z", z, "d", d), () -> loss.perSample(new ProposalHead.Maps(z, d), of));
      assertThat(gradients.get("z")[0]).isZero();
      assertThat(gradients.get("z")[1]).isNotZero();
      assertThat(gradients.get("d")[0]).isZero();
    }
  }

  @Property(tries = 100)
  void everyObjectHasACellWhereNoneIsSmallerAndTargetsAreTheObjectsOwnBox(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 8) int cell,
      @ForAll @DoubleRange(min = 0, max = 1) double centre) {
    var random = new SplittableRandom(seed);
    int rows = 1 + random.nextInt(6);
    int columns = 1 + random.nextInt(6);
    int height = rows * cell;
    int width = columns * cell;
    int x0 = random.nextInt(width);
    int y0 = random.nextInt(height);
    int x1 = x0 + 1 + random.nextInt(width - x0);
    int y1 = y0 + 1 + random.nextInt(height - y0);
    float[] truth = new float[height * width];
    for (int y = y0; y < y1; y++) {
      Arrays.fill(truth, y * width + x0, y * width + x1, 1);
    }
    ProposalTargets targets =
        ProposalTargets.of(
            DrawnObjects.every(truth, 1, height, width, 1), new float[0], 1, rows, columns, centre);
    int cells = rows * columns;
    float[] d = targets.distances();
    int positives = 0;
    for (int i = 0; i < cells; i++) {
      if (targets.positive()[i] == 0) {
        assertThat(d[i] + d[cells + i] + d[2 * cells + i] + d[3 * cells + i]).isZero();
        continue;
      }
      positives++;
      double cx = (i % columns + 0.5) * cell;
      double cy = (i / columns + 0.5) * cell;
      // A side that the middle lies beyond ends there.
      assertThat(cx - d[i] * cell).isCloseTo(Math.min(x0, cx), within(1e-3));
      assertThat(cy - d[cells + i] * cell).isCloseTo(Math.min(y0, cy), within(1e-3));
      assertThat(cx + d[2 * cells + i] * cell).isCloseTo(Math.max(x1, cx), within(1e-3));
      assertThat(cy + d[3 * cells + i] * cell).isCloseTo(Math.max(y1, cy), within(1e-3));
    }
    assertThat(positives).isPositive();
    assertThat(targets.positives()[0]).isEqualTo(positives);
  }

  @Property(tries = 25)
  void aSamplesLossDoesNotDependOnWhoElseIsInTheBatchAndIsLeastWhereItProposesTheTruth(
      @ForAll @IntRange(min = 0, max = 1000) int seed) {
    try (var bench = new Bench()) {
      NDArray labels = bench.random(seed, 0, 1.3, 2, 1, SIDE, SIDE).floor();
      NDArray none = bench.manager.create(new float[0], new Shape(0));
      Targets both = new Targets(labels, none, none, none, none, new Draws(1, 1, new long[2]));
      NDArray z = bench.random(seed + 1, -3, 3, 2, 1, GRID, GRID);
      NDArray d = bench.random(seed + 2, 0.1, 3, 2, 4, GRID, GRID);
      var loss = new ProposalLabels(null, new ProposalLabels.Settings(1, 1.0, 0.5, 1));
      float[] values = loss.perSample(new ProposalHead.Maps(z, d), both).toFloatArray();
      ProposalTargets wanted =
          ProposalTargets.of(
              DrawnObjects.every(labels.toFloatArray(), 1, SIDE, SIDE, 1),
              new float[0],
              2,
              GRID,
              GRID,
              0.5);
      float[] logits = wanted.positive().clone();
      for (int i = 0; i < logits.length; i++) {
        logits[i] = logits[i] > 0 ? 20 : -20;
      }
      NDArray sure = bench.manager.create(logits, z.getShape());
      NDArray right = bench.manager.create(wanted.distances(), d.getShape());
      assertThat(loss.perSample(new ProposalHead.Maps(sure, right), both).toFloatArray())
          .containsExactly(new float[] {0, 0}, within(1e-5f));
      for (int b = 0; b < 2; b++) {
        String rows = b + ":" + (b + 1);
        Targets own = both.part(bench.manager, b, b + 1);
        assertThat(values[b]).isPositive();
        assertThat(loss.perSample(new ProposalHead.Maps(z.get(rows), d.get(rows)), own).getFloat())
            .isCloseTo(values[b], within(1e-4f));
      }
    }
  }

  @Test
  void theHeadLearnsAndTheEmbeddingDoesNot() {
    try (var bench = new Bench()) {
      ProposalHead head =
          ProposalHead.create(Fixtures.config("tiny-conv-prompt-prior"), bench.weights);
      var loss = new ProposalLabels(head, new ProposalLabels.Settings(1, null, null, 1));
      NDArray embedding = bench.random(3, -1, 1, 2, 64, GRID, GRID);
      NDArray labels = bench.random(4, 0, 1.3, 2, 1, SIDE, SIDE).floor();
      NDArray none = bench.manager.create(new float[0], new Shape(0));
      Targets targets = new Targets(labels, none, none, none, none, null);
      Map<String, NDArray> of = new TreeMap<>(bench.weights.trainable());
      Map<String, float[]> gradients =
          bench.gradients(of, () -> loss.perSample(new StudentOutput(embedding, null), targets));
      gradients.forEach(
          (name, gradient) -> {
            double sum = 0;
            for (float g : gradient) {
              assertThat(g).as(name).isFinite();
              sum += Math.abs(g);
            }
            assertThat(sum).as(name).isPositive();
          });
      embedding.setRequiresGradient(true);
      try (var collector = bench.manager.getEngine().newGradientCollector()) {
        collector.backward(loss.perSample(new StudentOutput(embedding, null), targets).sum());
      }
      try (NDArray gradient = embedding.getGradient()) {
        assertThat(gradient.toFloatArray()).containsOnly(0);
      }
    }
  }

  @Test
  void whatIsMissingIsSaid() {
    assertThatThrownBy(() -> PromptDecoders.NONE.requireProposals("proposal-labels"))
        .hasMessageStartingWith(
            "Invalid losses.proposal-labels: the student proposes no boxes (take one whose YAML has prompt: {proposals: …}");
    LossSettings settings = Bench.settings("{proposal-labels: {weight: 2}}");
    assertThat(settings).isEqualTo(new ProposalLabels.Settings(2, 1.0, 0.5, 16));
    assertThat(settings.needs()).containsExactly(Need.LABELS);
  }
}
