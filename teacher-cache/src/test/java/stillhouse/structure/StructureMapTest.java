package stillhouse.structure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.structure.Weighting.Components;
import stillhouse.tensor.FloatTensor;

class StructureMapTest {
  private static final List<String> NAMES = List.of("uniform", "E", "C", "D", "E+C", "full");

  @Test
  void weightsSumToOneOnAConstantImage() {
    var constant = new FloatTensor(new int[] {2, 3, 4}, new float[24]);
    StructureMaps maps = StructureTensor.maps(constant, 7);
    for (String name : NAMES) {
      float[] w = StructureMap.of(maps, Weighting.named(name)).weights().data();
      assertThat(w).as(name).containsOnly(1f / 12);
    }
  }

  @Test
  void uniformIsOneOverTheCells() {
    StructureMaps maps = StructureTensor.maps(StructureTensorTest.random(2, 4, 5, 1), 2);
    assertThat(StructureMap.of(maps, Weighting.named("uniform")).weights().data())
        .containsOnly(1f / 20);
  }

  @Test
  void byHand() {
    StructureMaps maps = maps(new float[] {1, 3}, new float[] {4, 0}, new float[] {10, 10});
    // Means 2, 2, 10: S = 2·(½, 3/2) + (2, 0) + (1, 1) = (4, 4).
    assertThat(StructureMap.of(maps, Weighting.named("full")).weights().data())
        .containsExactly(0.5f, 0.5f);
    // Raw: S = (2 + 4 + 10, 6 + 0 + 10) = (16, 16); E+C raw: (6, 6); E alone: (1, 3).
    assertThat(StructureMap.of(maps, Weighting.named("E")).weights().data())
        .containsExactly(0.25f, 0.75f);
    assertThat(StructureMap.of(maps, Weighting.named("D").with(Components.RAW)).weights().data())
        .containsExactly(0.5f, 0.5f);
  }

  @Test
  void aComponentUnderTheFloorCountsAsNothing() {
    StructureMaps maps = maps(new float[] {1, 3}, new float[] {0, 1e-7f}, new float[] {0, 0});
    assertThat(StructureMap.of(maps, Weighting.named("full")).weights().data())
        .containsExactly(0.25f, 0.75f);
    assertThat(StructureMap.of(maps, Weighting.named("C")).weights().data())
        .containsExactly(0.5f, 0.5f);
  }

  @Property(tries = 60)
  void weightsSumToOne(
      @ForAll @IntRange(min = 1, max = 12) int height,
      @ForAll @IntRange(min = 1, max = 12) int width,
      @ForAll @IntRange(min = 0, max = 5) int name,
      @ForAll Components components,
      @ForAll long seed) {
    StructureMaps maps =
        StructureTensor.maps(StructureTensorTest.random(3, height, width, seed), 2);
    var weighting = Weighting.named(NAMES.get(name)).with(components);
    double sum = 0;
    for (float w : StructureMap.of(maps, weighting).weights().data()) {
      assertThat(w).isGreaterThanOrEqualTo(0f);
      sum += w;
    }
    assertThat(sum).isCloseTo(1, within(1e-6));
  }

  @Test
  void refusesAnUnknownOrNegativeWeighting() {
    assertThatThrownBy(() -> Weighting.named("edges"))
        .hasMessage("Invalid weighting: 'edges' (known: uniform, E, C, D, E+C, full)");
    assertThatThrownBy(() -> new Weighting.Betas(1, -2, 0))
        .hasMessage("Invalid weighting: {E: 1.0, C: -2.0, D: 0.0} (each must be finite and >= 0)");
  }

  private static StructureMaps maps(float[] e, float[] c, float[] d) {
    int[] shape = {1, e.length};
    return new StructureMaps(
        new FloatTensor(shape, e), new FloatTensor(shape, c), new FloatTensor(shape, d));
  }
}
