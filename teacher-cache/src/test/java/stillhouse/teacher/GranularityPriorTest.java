package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.FloatTensor;

class GranularityPriorTest {
  // A square image over the whole of an input of 40×40, in cells of 10.
  private static final InputFrame WHOLE = new InputFrame(40, 40, 40, 40, 40, 40);
  private static final int SIDE = 4;
  private static final int CELLS = SIDE * SIDE;

  /** Figures of NumPy: reference/granularity.py. */
  @Test
  void agreesWithNumPyOnRandomProposals() throws IOException {
    JsonNode cases =
        new ObjectMapper()
            .readTree(Path.of("src/test/resources/reference/granularity.json").toFile());
    assertThat(cases).hasSize(12);
    for (JsonNode c : cases) {
      JsonNode at = c.get("frame");
      var frame =
          new InputFrame(
              at.get(0).asInt(), at.get(1).asInt(), at.get(2).asInt(), at.get(3).asInt(), 1, 1);
      int rows = c.get("rows").asInt();
      int columns = c.get("columns").asInt();
      Proposals proposals =
          Proposals.of(
              new FloatTensor(new int[] {1, 1, rows, columns}, floats(c.get("scores"))),
              new FloatTensor(new int[] {1, 4, rows, columns}, floats(c.get("distances"))),
              frame);
      float[] point = floats(c.get("point"));
      var prior = new GranularityPrior(c.get("nearest").asInt(), c.get("minScore").asDouble());

      Optional<Prompt.Box> box = prior.around(point[0], point[1], proposals);

      assertThat(box.isEmpty()).isEqualTo(c.get("box").isNull());
      if (box.isPresent()) {
        float[] expected = floats(c.get("box"));
        float[] actual = {box.get().x0(), box.get().y0(), box.get().x1(), box.get().y1()};
        assertThat(actual).containsExactly(expected, within(1e-4f));
      }
    }
  }

  private static float[] floats(JsonNode values) {
    return new ObjectMapper().convertValue(values, float[].class);
  }

  /**
   * Cells 5 and 6 (middles (15, 15) and (25, 15)) propose the boxes (10, 10, 20, 20) and (15, 5,
   * 35, 25), of scores ½ and ¼. The point (17, 15) lies in both: merged, x₀ = (½·10 + ¼·15) / ¾.
   */
  @Test
  void mergesWhatHoldsThePointByItsScores() {
    float[] scores = new float[CELLS];
    scores[5] = 0.5f;
    scores[6] = 0.25f;
    Proposals proposals = proposals(scores, 0.5f);

    assertThat(new GranularityPrior(5, 0.2).around(17, 15, proposals))
        .contains(new Prompt.Box(1, 35 / 3f, 25 / 3f, 25, 65 / 3f));
    assertThat(new GranularityPrior(1, 0.2).around(17, 15, proposals))
        .as("the middle of the first is nearer")
        .contains(new Prompt.Box(1, 10, 10, 20, 20));
    assertThat(new GranularityPrior(5, 0.3).around(17, 15, proposals))
        .as("the second is not sure enough")
        .contains(new Prompt.Box(1, 10, 10, 20, 20));
    assertThat(new GranularityPrior(5, 0.2).around(30, 15, proposals))
        .as("the first does not hold the point")
        .contains(new Prompt.Box(1, 15, 5, 35, 25));
    assertThat(new GranularityPrior(5, 0.2).around(36, 15, proposals)).isEmpty();
    assertThat(new GranularityPrior(5, 0.6).around(17, 15, proposals)).isEmpty();
    assertThat(new GranularityPrior(5, 0).around(3, 3, proposals)).as("no weight").isEmpty();
  }

  @Test
  void ofEquallyNearOnesTheSurerIsTakenAndThenTheFirst() {
    float[] scores = new float[CELLS];
    scores[5] = 0.5f;
    scores[10] = 0.75f; // its middle is as far from the point
    assertThat(new GranularityPrior(1, 0.1).around(20, 20, proposals(scores, 1)))
        .contains(new Prompt.Box(1, 15, 15, 35, 35));
    scores[5] = 0.75f;
    assertThat(new GranularityPrior(1, 0.1).around(20, 20, proposals(scores, 1)))
        .contains(new Prompt.Box(1, 5, 5, 25, 25));
  }

  /** Cell 5's distances are {@code own} cells to either side, all others' one. */
  private static Proposals proposals(float[] scores, float own) {
    float[] distances = new float[4 * CELLS];
    for (int i = 0; i < distances.length; i++) {
      distances[i] = i % CELLS == 5 ? own : 1;
    }
    return Proposals.of(
        new FloatTensor(new int[] {1, 1, SIDE, SIDE}, scores),
        new FloatTensor(new int[] {1, 4, SIDE, SIDE}, distances),
        WHOLE);
  }

  /** An image over the upper left of the input, 30 wide and 20 high. */
  @Test
  void boxesEndWithTheImage() {
    float[] scores = new float[CELLS];
    scores[CELLS - 1] = 1;
    float[] distances = new float[4 * CELLS];
    java.util.Arrays.fill(distances, 9);
    Proposals proposals =
        Proposals.of(
            new FloatTensor(new int[] {1, 1, SIDE, SIDE}, scores),
            new FloatTensor(new int[] {1, 4, SIDE, SIDE}, distances),
            new InputFrame(40, 40, 20, 30, 20, 30));
    assertThat(new GranularityPrior(1, 0.5).around(5, 5, proposals))
        .contains(new Prompt.Box(1, 0, 0, 30, 20));
  }

  @Property(tries = 200)
  void theBoxHoldsThePointAndLiesWithinAllThatWereNear(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int nearest) {
    var random = new SplittableRandom(seed);
    float[] scores = new float[CELLS];
    float[] distances = new float[4 * CELLS];
    for (int i = 0; i < CELLS; i++) {
      scores[i] = (float) random.nextDouble();
    }
    for (int i = 0; i < 4 * CELLS; i++) {
      distances[i] = (float) (3 * random.nextDouble());
    }
    Proposals all =
        Proposals.of(
            new FloatTensor(new int[] {1, 1, SIDE, SIDE}, scores),
            new FloatTensor(new int[] {1, 4, SIDE, SIDE}, distances),
            WHOLE);
    float x = (float) (40 * random.nextDouble());
    float y = (float) (40 * random.nextDouble());

    Optional<Prompt.Box> box = new GranularityPrior(nearest, 0.3).around(x, y, all);

    boolean any = false;
    for (int i = 0; i < CELLS; i++) {
      any |= scores[i] >= 0.3 && all.holds(i, x, y);
    }
    assertThat(box.isPresent()).isEqualTo(any);
    box.ifPresent(
        b -> {
          assertThat(x).isBetween(b.x0() - 1e-4f, b.x1() + 1e-4f);
          assertThat(y).isBetween(b.y0() - 1e-4f, b.y1() + 1e-4f);
          assertThat(b.x0()).isBetween(0f, 40f);
          assertThat(b.y1()).isBetween(0f, 40f);
        });
    // A common factor of the scores says nothing, as long as the same are sure enough.
    float[] halves = scores.clone();
    for (int i = 0; i < CELLS; i++) {
      halves[i] /= 2;
    }
    Proposals less =
        Proposals.of(
            new FloatTensor(new int[] {1, 1, SIDE, SIDE}, halves),
            new FloatTensor(new int[] {1, 4, SIDE, SIDE}, distances),
            WHOLE);
    assertThat(new GranularityPrior(nearest, 0.15).around(x, y, less)).isEqualTo(box);
  }

  @Test
  void refusesWhatIsNoProposal() {
    var map = new FloatTensor(new int[] {1, 1, 2, 2}, new float[4]);
    assertThatThrownBy(() -> Proposals.of(map, map, WHOLE))
        .isInstanceOf(TeacherException.class)
        .hasMessageContaining("(must be [1, 1, h, w] and [1, 4, h, w])");
    float[] broken = new float[16];
    broken[7] = Float.NaN;
    var distances = new FloatTensor(new int[] {1, 4, 2, 2}, broken);
    assertThatThrownBy(() -> Proposals.of(map, distances, WHOLE))
        .hasMessage("Cannot read proposals: distances hold NaN (must be finite)");
    assertThatThrownBy(() -> new GranularityPrior(0, 0.1))
        .hasMessage("Invalid granularity: nearest 0, minScore 0.1 (must be >= 1 and 0…1)");
  }
}
