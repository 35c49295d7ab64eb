package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PhotometricTest {
  @Test
  void exposureIsAGain() {
    float[] values = {0.1f, 0.2f, 0.4f};
    float[] levels = new float[3];
    for (int i = 0; i < 3; i++) {
      levels[i] = Math.round(values[i] * 255) / 255f;
    }
    new Photometric(1, 0, 0).apply(values, 0, 3, new SplittableRandom(5));
    float gain = values[0] / levels[0];
    assertThat(gain).isBetween(0.5f, 2f);
    assertThat(values[1]).isCloseTo(gain * levels[1], within(1e-6f));
  }

  @Test
  void noiseHasTheDeviationThatWasDrawn() {
    float[] values = new float[60_000];
    Arrays.fill(values, 0.5f);
    new Photometric(0, 0, 0.1f).apply(values, 0, values.length, new SplittableRandom(7));
    SplittableRandom same = new SplittableRandom(7);
    same.nextDouble();
    same.nextDouble();
    double expected = same.nextDouble() * 0.1;
    double squares = 0;
    double sum = 0;
    for (float v : values) {
      double error = v - Math.round(0.5f * 255) / 255.0;
      sum += error;
      squares += error * error;
    }
    assertThat(Math.sqrt(squares / values.length)).isCloseTo(expected, within(0.02 * expected));
    assertThat(sum / values.length).isCloseTo(0, within(0.02 * expected));
  }

  @Property(tries = 50)
  void staysInRangeAndTouchesNothingElse(@ForAll long seed) {
    float[] values = {0.25f, 0, 1, 0.5f, 0.75f};
    new Photometric(2, 1, 0.5f).apply(values, 1, 4, new SplittableRandom(seed));
    assertThat(values[0]).isEqualTo(0.25f);
    assertThat(values[4]).isEqualTo(0.75f);
    for (float v : values) {
      assertThat(v).isBetween(0f, 1f);
    }
  }

  @Test
  void refusesNegativeStrengths() {
    assertThatThrownBy(() -> new Photometric(0, 0, -0.1f))
        .hasMessageContaining("noise -0.1 (must be >= 0)");
  }
}
