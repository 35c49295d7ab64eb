package stillhouse.points;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.FloatTensor;

class ProposedPointsTest {
  private static final int SIDE = 16;
  private static final PointSettings FOUR = new PointSettings(4, 0.5, 0, 0.5, 1);

  /** One class, a pixel a cell; each {x0, y0, x1, y1, logit}. */
  private static FloatTensor logits(float elsewhere, int[]... blocks) {
    float[] z = new float[SIDE * SIDE];
    Arrays.fill(z, elsewhere);
    for (int[] b : blocks) {
      for (int y = b[1]; y < b[3]; y++) {
        Arrays.fill(z, y * SIDE + b[0], y * SIDE + b[2], b[4]);
      }
    }
    return new FloatTensor(new int[] {1, SIDE, SIDE}, z);
  }

  private static ProposedPoints points(FloatTensor logits) {
    return ProposedPoints.of(logits, SIDE, SIDE, FOUR);
  }

  /**
   * Of the means over 3×3 only that around (4, 3) lies in the block, and the wide ones are even.
   */
  @Test
  void aBlockIsAskedAboutInItsMiddle() {
    ProposedPoints points = points(logits(-20, new int[] {3, 2, 6, 5, 20}));

    assertThat(points.count()).isEqualTo(1);
    assertThat(points.x(0)).isEqualTo(4.5f);
    assertThat(points.y(0)).isEqualTo(3.5f);
  }

  @Test
  void theMostSalientGoesFirstAndNoMoreThanAskedForAre() {
    int[][] blocks = {
      {1, 1, 2, 2, 9}, {8, 1, 11, 4, 9}, {1, 8, 3, 10, 9}, {8, 8, 13, 13, 9}, {15, 15, 16, 16, 9}
    };

    ProposedPoints points = points(logits(-20, blocks));

    assertThat(points.count()).isEqualTo(4);
    assertThat(new float[] {points.x(0), points.y(0)}).containsExactly(10.5f, 10.5f);
    assertThat(new float[] {points.x(1), points.y(1)}).containsExactly(9.5f, 2.5f);
    assertThat(points.cell(3)).as("of the single cells the one in company").isEqualTo(15 * 17);
  }

  /** Every mean is 1 in the middle of it: only the slope tells its cells apart. */
  @Test
  void aPlateauHasOnePoint() {
    float[] sure = new float[48 * 48];
    Arrays.fill(sure, 50);
    FloatTensor all = new FloatTensor(new int[] {1, 48, 48}, sure);

    ProposedPoints points = ProposedPoints.of(all, 48, 48, FOUR);

    assertThat(points.count()).isEqualTo(1);
    assertThat(points.cell(0)).as("the first whose widest mean ends within").isEqualTo(8 * 48 + 8);
  }

  /** A ring's middle is more salient than the ring, and nothing is there. */
  @Test
  void whereTheHeadSaysNothingNobodyIsAsked() {
    FloatTensor ring = logits(-20, new int[] {2, 2, 7, 7, 9}, new int[] {3, 3, 6, 6, -1});

    ProposedPoints points = points(ring);

    assertThat(points.count()).isPositive();
    for (int k = 0; k < points.count(); k++) {
      assertThat(ring.data()[points.cell(k)]).isPositive();
    }
    assertThat(points(logits(-0.1f)).count()).isZero();
  }

  /** Two classes at stride 2: the greater mean of a cell's four pixels counts. */
  @Test
  void aPointLiesInTheMiddleOfItsCell() {
    float[] z = new float[2 * SIDE * SIDE];
    Arrays.fill(z, -20);
    for (int i : new int[] {4 * SIDE + 6, 4 * SIDE + 7, 5 * SIDE + 6, 5 * SIDE + 7}) {
      z[SIDE * SIDE + i] = 3;
    }
    FloatTensor logits = new FloatTensor(new int[] {2, SIDE, SIDE}, z);

    ProposedPoints points = ProposedPoints.of(logits, SIDE / 2, SIDE / 2, FOUR);

    assertThat(points.count()).isEqualTo(1);
    assertThat(points.x(0)).isEqualTo(7);
    assertThat(points.y(0)).isEqualTo(5);
  }

  @Property(tries = 100)
  void pointsAreApartDistinctAndFewEnough(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] z = new float[SIDE * SIDE];
    for (int i = 0; i < z.length; i++) {
      z[i] = (float) (8 * random.nextDouble() - 5);
    }

    ProposedPoints points = points(new FloatTensor(new int[] {1, SIDE, SIDE}, z));

    assertThat(points.count()).isBetween(1, 4);
    for (int k = 0; k < points.count(); k++) {
      assertThat(z[points.cell(k)]).isPositive();
      for (int other = 0; other < k; other++) {
        int across = Math.abs(points.cell(k) % SIDE - points.cell(other) % SIDE);
        int down = Math.abs(points.cell(k) / SIDE - points.cell(other) / SIDE);
        assertThat(Math.max(across, down)).isGreaterThan(ProposedPoints.APART);
      }
    }
  }

  @Test
  void refusesGridsAndSettingsThatDoNotFit() {
    FloatTensor any = logits(0);
    assertThatThrownBy(() -> ProposedPoints.of(any, 5, 5, FOUR))
        .hasMessageStartingWith("Invalid grid of 5×5 cells for FloatTensor[1, 16, 16]");
    assertThatThrownBy(() -> ProposedPoints.of(any, 1, 1, FOUR))
        .hasMessage("Invalid points: 4 (must be at most the 1 cells of the embedding)");
    assertThatThrownBy(() -> new PointSettings(0, 0.5, 0, 0.5, 1))
        .hasMessage("Invalid points: 0 (must be 1…64)");
    assertThatThrownBy(() -> new PointSettings(4, 1, 0, 0.5, 1))
        .hasMessage("Invalid threshold of points: 1.0 (must be > 0 and < 1)");
    assertThatThrownBy(() -> new PointSettings(4, 0.5, 2, 0.5, 1))
        .hasMessageContaining("minIou 2.0");
  }
}
