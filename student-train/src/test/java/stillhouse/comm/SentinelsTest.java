package stillhouse.comm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SentinelsTest {
  /** What a ring would do: every float becomes its sum over ranks that hold the same values. */
  @Property
  void standsInEverySegmentAndGivesTheValuesBack(
      @ForAll @IntRange(min = 1, max = 200) int count,
      @ForAll @IntRange(min = 1, max = 20) int ranks) {
    Sentinels sentinels = new Sentinels(count, ranks);
    FloatBuffer values = FloatBuffer.allocate(count + ranks);
    for (int i = 0; i < count; i++) {
      values.put(i, 10 + i);
    }
    sentinels.set(values);
    for (int k = 0; k < ranks; k++) {
      assertThat(values.get(sentinels.start(k))).isEqualTo(1);
    }
    for (int i = 0; i < count + ranks; i++) {
      values.put(i, values.get(i) * ranks);
    }
    assertThat(sentinels.clear(values)).isEqualTo(-1);
    for (int i = 0; i < count; i++) {
      assertThat(values.get(i)).isEqualTo((10 + i) * ranks);
    }
  }

  @Property
  void namesTheSegmentThatWasNotReduced(
      @ForAll @IntRange(min = 1, max = 200) int count,
      @ForAll @IntRange(min = 2, max = 20) int ranks,
      @ForAll @IntRange(max = 1000) int pick) {
    Sentinels sentinels = new Sentinels(count, ranks);
    FloatBuffer values = FloatBuffer.allocate(count + ranks);
    sentinels.set(values);
    int broken = pick % ranks;
    int end = broken + 1 == ranks ? count + ranks : sentinels.start(broken + 1);
    for (int i = 0; i < count + ranks; i++) {
      if (i < sentinels.start(broken) || i >= end) {
        values.put(i, values.get(i) * ranks);
      }
    }
    assertThat(sentinels.clear(values)).isEqualTo(broken);
  }

  @Test
  void refusesAnEmptySum() {
    assertThatThrownBy(() -> new Sentinels(0, 4))
        .hasMessage("Invalid all-reduce: 0 floats over 4 ranks (both must be ≥ 1)");
  }
}
