package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import stillhouse.structure.Weighting;

class StructureWeightsTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void unitMeanMakesABetaAShare() {
    // Means 2, 1, 4: E/2 = (0, 2), C/1 = (1, 1), D/4 = (2, 0); S = 2E + C + D = (3, 5)
    assertThat(full(Weighting.Components.UNIT_MEAN, 0, 4, 1, 1, 8, 0))
        .containsExactly(new float[] {3 / 8f, 5 / 8f}, within(1e-6f));
  }

  @Test
  void rawTakesTheComponentsAsTheyAre() {
    // S = (0 + 1 + 8, 8 + 1 + 0)
    assertThat(full(Weighting.Components.RAW, 0, 4, 1, 1, 8, 0))
        .containsExactly(new float[] {0.5f, 0.5f}, within(1e-6f));
  }

  @Test
  void aComponentOfRoundingNoiseCountsAsNothing() {
    // C's mean is 1e-8 of E's: 2E alone is left, its shape (0, 2) untouched by C's (2, 0)
    assertThat(full(Weighting.Components.UNIT_MEAN, 0, 4, 4e-8f, 0, 0, 0))
        .containsExactly(new float[] {0, 1}, within(1e-6f));
  }

  @Test
  void aConstantImageIsWeightedUniformly() {
    assertThat(full(Weighting.Components.UNIT_MEAN, 0, 0, 0, 0, 0, 0)).containsExactly(0.5f, 0.5f);
    assertThat(full(Weighting.Components.RAW, 0, 0, 0, 0, 0, 0)).containsExactly(0.5f, 0.5f);
  }

  @Test
  void refusesMapsOfAnotherGrid() {
    var weights = new StructureWeights(Weighting.named("full").with(Weighting.Components.RAW));
    assertThatThrownBy(() -> weights.of(bench.random(1, 0, 1, 1, 3, 8, 8), 1, 4, 4, bench.manager))
        .hasMessage(
            "Invalid structure maps: shape (1, 3, 8, 8), the teacher's features need (1, 3, 4, 4)."
                + " Derive both for the recipe's alignment.grid.");
  }

  /** W of one image of two positions, given E, C and D one after the other. */
  private float[] full(Weighting.Components components, float... maps) {
    var weights = new StructureWeights(Weighting.named("full").with(components));
    return weights
        .of(bench.manager.create(maps, new Shape(1, 3, 1, 2)), 1, 1, 2, bench.manager)
        .toFloatArray();
  }
}
