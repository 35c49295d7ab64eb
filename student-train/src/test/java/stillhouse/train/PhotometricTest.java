package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PhotometricTest {
  @Test
  void exposureIsAGain() {
    float[] values = {0.1f, 0.2f, 0.4f};
    float[] levels = new float[3];
    for (int i = 0; i < 3; i++) {
      levels[i] = Math.round(values[i] * 255) / 255f;
    }
    new Photometric(1, 0, 0, 0).apply(values, 0, 1, 1, new SplittableRandom(5));
    float gain = values[0] / levels[0];
    assertThat(gain).isBetween(0.5f, 2f);
    assertThat(values[1]).isCloseTo(gain * levels[1], within(1e-6f));
  }

  @Test
  void noiseHasTheDeviationThatWasDrawn() {
    float[] values = new float[60_000];
    Arrays.fill(values, 0.5f);
    new Photometric(0, 0, 0.1f, 0).apply(values, 0, 100, 200, new SplittableRandom(7));
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
    new Photometric(2, 1, 0.5f, 5).apply(values, 1, 1, 1, new SplittableRandom(seed));
    assertThat(values[0]).isEqualTo(0.25f);
    assertThat(values[4]).isEqualTo(0.75f);
    for (float v : values) {
      assertThat(v).isBetween(0f, 1f);
    }
  }

  @Test
  void refusesNegativeStrengths() {
    assertThatThrownBy(() -> new Photometric(0, 0, -0.1f, 0))
        .hasMessageContaining("noise -0.1 (must be >= 0)");
    assertThatThrownBy(() -> new Photometric(0, 0, 0, 4))
        .hasMessageContaining("motionBlur 4 (must be 0, or an odd number of pixels)");
  }

  @Test
  void aMotionSpreadsAPointAlongItsPathAndMovesNothing() {
    float[] point = new float[2 * 25];
    point[1 + 12] = 6; // the middle of 5×5, behind one value that is not the image's
    MotionBlur.apply(point, 1, 1, 5, 5, 1, 0);
    assertThat(Arrays.copyOfRange(point, 1 + 10, 1 + 15)).containsExactly(0, 2, 2, 2, 0);
    assertThat(point[0]).isZero();

    float[] slanted = new float[25];
    slanted[12] = 5;
    MotionBlur.apply(slanted, 0, 1, 5, 5, 2, Math.PI / 4);
    // 2·cos 45° = 1.41 and cos 45° = 0.71 both round to 1.
    float[] expected = new float[25];
    expected[6] = 2;
    expected[12] = 1;
    expected[18] = 2;
    assertThat(slanted).containsExactly(expected, within(1e-6f));

    float[] upright = new float[25];
    upright[2] = 3; // at the upper border, which is held
    MotionBlur.apply(upright, 0, 1, 5, 5, 1, Math.PI / 2);
    assertThat(upright[2]).isEqualTo(2);
    assertThat(upright[7]).isEqualTo(1);
  }

  @Property(tries = 50)
  void aMotionLeavesAnEvenAreaAsItIs(@ForAll long seed, @ForAll @IntRange(max = 9) int reach) {
    float[] even = new float[3 * 6 * 4];
    Arrays.fill(even, 0.5f);
    double angle = new SplittableRandom(seed).nextDouble() * Math.PI;
    MotionBlur.apply(even, 0, 3, 6, 4, reach, angle);
    for (float value : even) {
      assertThat(value).isCloseTo(0.5f, within(1e-6f));
    }
  }
}
