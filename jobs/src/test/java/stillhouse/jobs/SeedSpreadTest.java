package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SeedSpreadTest {
  @Test
  void threeSeedsByHand() {
    // s² = (0.01² + 0 + 0.01²) / 2 = 0.0001; s / √3 = 0.0057735; t(0.975, 2) = 4.302653
    SeedSpread spread = SeedSpread.of(0.01, 0.02, 0.03);
    assertThat(spread.mean()).isCloseTo(0.02, within(1e-15));
    assertThat(spread.min()).isEqualTo(0.01);
    assertThat(spread.max()).isEqualTo(0.03);
    assertThat(spread.margin().getAsDouble()).isCloseTo(4.302653 * 0.0057735, within(1e-7));
  }

  @Test
  void fewerThanThreeSeedsHaveNoInterval() {
    assertThat(SeedSpread.of(0.1).margin()).isEmpty();
    assertThat(SeedSpread.of(0.1, 0.3).margin()).isEmpty();
  }

  @Property(tries = 200)
  void aShiftMovesTheMeanAndNotTheMargin(
      @ForAll @Size(5) List<@DoubleRange(min = -1, max = 1) Double> differences,
      @ForAll @DoubleRange(min = -1, max = 1) double shift) {
    SeedSpread plain = spread(differences, 0);
    SeedSpread moved = spread(differences, shift);
    assertThat(moved.mean()).isCloseTo(plain.mean() + shift, within(1e-12));
    assertThat(moved.margin().getAsDouble()).isCloseTo(plain.margin().getAsDouble(), within(1e-9));
    assertThat(plain.mean()).isBetween(plain.min() - 1e-12, plain.max() + 1e-12);
  }

  private static SeedSpread spread(List<Double> differences, double shift) {
    return SeedSpread.of(differences.stream().mapToDouble(d -> d + shift).toArray());
  }
}
