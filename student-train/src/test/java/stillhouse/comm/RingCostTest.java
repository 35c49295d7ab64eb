package stillhouse.comm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RingCostTest {
  @Test
  void fourRanksSendSixQuartersOfTheBufferAndSixMessages() {
    // 6 · (8 MB / 4 / 1 GB/s + 0.1 ms) = 6 · 2.1 ms
    assertThat(new RingCost(4, 8_000_000, 1e9, 1e-4).seconds()).isCloseTo(0.0126, within(1e-12));
    assertThat(new RingCost(1, 8_000_000, 1e9, 1e-4).seconds()).isZero();
  }

  @Test
  void aTenthOfTheStepIsReachedWhereTheRestTakesNineTimesAsLong() {
    RingCost ring = new RingCost(4, 8_000_000, 1e9, 1e-4);
    assertThat(ring.stepSeconds(0.1)).isCloseTo(0.1134, within(1e-12));
  }

  @Test
  void refusesALinkWithoutBandwidth() {
    assertThatThrownBy(() -> new RingCost(4, 8, 0, 0)).hasMessageContaining("0.0 bytes/s");
  }
}
