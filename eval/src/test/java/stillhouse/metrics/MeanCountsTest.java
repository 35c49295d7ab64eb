package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeanCountsTest {
  private static MeanCounts of(double... values) {
    MeanCounts means = new MeanCounts(2);
    for (double value : values) {
      means.add(2, value);
    }
    return means;
  }

  @Test
  void theMeanIsOverThingsAndAnEmptySlotHasNone() {
    ImageCounts counts = of(0.25, 1, 0).counts();

    assertThat(MeanCounts.mean(counts, 2).orElseThrow()).isCloseTo(1.25 / 3, within(1e-6));
    assertThat(MeanCounts.size(counts, 2)).isEqualTo(3);
    assertThat(MeanCounts.mean(counts, 1)).isEmpty();
    assertThat(MeanCounts.size(counts, 1)).isZero();
  }

  /** Two images of one group and one of another: three things of equal weight, two groups. */
  @Test
  void drawsAreOfGroupsAndTheirMeansOfThings() {
    List<PairedCounts.Pair> pairs = new ArrayList<>();
    pairs.add(new PairedCounts.Pair("a", of(0.2).counts(), of().counts()));
    pairs.add(new PairedCounts.Pair("a", of(0.4).counts(), of().counts()));
    pairs.add(new PairedCounts.Pair("b", of(0.9).counts(), of().counts()));

    PairedDraws draws = new PairedBootstrap(400, 1).draws(PairedCounts.of(pairs));

    PairedBootstrap.Interval interval = MeanCounts.interval(draws, 2).orElseThrow();
    assertThat(interval.observed()).isCloseTo(0.5, within(1e-6));
    assertThat(interval.low()).as("group a alone").isCloseTo(0.3, within(1e-6));
    assertThat(interval.high()).as("group b alone").isCloseTo(0.9, within(1e-6));
    assertThat(interval.groups()).isEqualTo(2);
    assertThat(MeanCounts.interval(draws, 1)).isEmpty();
  }

  @Test
  void aValueThatIsNoShareIsRefused() {
    assertThatThrownBy(() -> of(1.01)).hasMessage("Invalid value of slot 2: 1.01 (must be 0…1)");
    assertThatThrownBy(() -> of(Double.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> new MeanCounts(2).add(3, 0.5))
        .hasMessageContaining("Invalid class: 3");
  }
}
