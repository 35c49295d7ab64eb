package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class SampleKeyTest {
  @Test
  void aTenthOfTheLabelsIsATenth() {
    long within =
        IntStream.range(0, 10_000).filter(i -> SampleKey.labelWithin("id-" + i, 0.1)).count();
    assertThat(within / 10_000.0).isCloseTo(0.1, within(0.01)); // three standard deviations
  }

  @Test
  void allAndNothingAreExact() {
    assertThat(SampleKey.labelWithin("any", 1)).isTrue();
    assertThat(SampleKey.labelWithin("any", 0)).isFalse();
  }

  @Property(tries = 200)
  void aLargerShareHoldsTheSmaller(
      @ForAll String id,
      @ForAll @DoubleRange(max = 1) double a,
      @ForAll @DoubleRange(max = 1) double b) {
    if (SampleKey.labelWithin(id, Math.min(a, b))) {
      assertThat(SampleKey.labelWithin(id, Math.max(a, b))).isTrue();
    }
  }

  @Test
  void keysDiffer() {
    assertThat(IntStream.range(0, 1000).mapToObj(i -> SampleKey.of("id-" + i)))
        .doesNotHaveDuplicates();
  }
}
