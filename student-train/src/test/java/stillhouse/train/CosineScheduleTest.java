package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CosineScheduleTest {
  @Test
  void risesLinearlyThenFallsAsACosine() {
    CosineSchedule schedule = new CosineSchedule(0.8, 4, 12);
    assertThat(schedule.at(0)).isCloseTo(0.2, within(1e-12));
    assertThat(schedule.at(3)).isCloseTo(0.8, within(1e-12));
    assertThat(schedule.at(4)).isCloseTo(0.8, within(1e-12));
    assertThat(schedule.at(8)).isCloseTo(0.4, within(1e-12)); // half-way
    assertThat(schedule.at(12)).isCloseTo(0, within(1e-12));
  }

  @Property
  void staysBetweenZeroAndItsPeak(
      @ForAll @IntRange(min = 1, max = 500) int total, @ForAll @IntRange(max = 500) int w) {
    CosineSchedule schedule = new CosineSchedule(0.01, w % total, total);
    for (int step = 0; step < total; step++) {
      assertThat(schedule.at(step)).isPositive().isLessThanOrEqualTo(0.01);
      if (step > w % total) {
        assertThat(schedule.at(step)).isLessThanOrEqualTo(schedule.at(step - 1));
      }
    }
  }

  @Test
  void refusesAWarmupLongerThanTheRun() {
    assertThatThrownBy(() -> new CosineSchedule(0.01, 12, 12))
        .hasMessage("Invalid warmup: 12 steps (must be < the run's 12 steps)");
  }
}
