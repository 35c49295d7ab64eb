package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DrawsTest {
  private static final long[] KEYS = {11, -5, 123456789012345L};
  private static final Draws DRAWS = new Draws(7, 2, KEYS);

  @Test
  void aSamplesValuesDoNotDependOnItsBatch() {
    float[] all = DRAWS.gaussian("noise", 100);
    float[] last = new Draws(7, 2, new long[] {KEYS[2]}).gaussian("noise", 100);
    assertThat(Arrays.copyOfRange(all, 200, 300)).containsExactly(last);
  }

  @Test
  void anotherSeedEpochSampleOrPurposeDrawsOthers() {
    float[] values = DRAWS.gaussian("noise", 50);
    assertThat(new Draws(8, 2, KEYS).gaussian("noise", 50)).isNotEqualTo(values);
    assertThat(new Draws(7, 3, KEYS).gaussian("noise", 50)).isNotEqualTo(values);
    assertThat(DRAWS.gaussian("other", 50)).isNotEqualTo(values);
    assertThat(Arrays.copyOfRange(values, 50, 100)).isNotEqualTo(Arrays.copyOf(values, 50));
  }

  @Test
  void valuesAreStandardNormal() {
    int n = 200_000;
    float[] values = new Draws(1, 1, new long[] {3}).gaussian("noise", n);
    double mean = 0;
    double square = 0;
    double fourth = 0;
    int beyondTwo = 0;
    for (float v : values) {
      mean += (double) v / n;
      square += (double) v * v / n;
      fourth += (double) v * v * v * v / n;
      beyondTwo += Math.abs(v) > 2 ? 1 : 0;
    }
    // Five standard errors: 1, √2, √96 over √n, and that of a share of 0.0455.
    assertThat(mean).isCloseTo(0, within(0.0112));
    assertThat(square).isCloseTo(1, within(0.0158));
    assertThat(fourth).isCloseTo(3, within(0.11));
    assertThat((double) beyondTwo / n).isCloseTo(0.0455, within(0.0024));
  }

  @Test
  void uniformValuesAreEven() {
    int n = 20_000;
    float[] values = new Draws(1, 1, new long[] {3, 4}).uniform("mask", n);
    int[] tenths = new int[10];
    for (int i = 0; i < n; i++) {
      assertThat(values[i]).isGreaterThanOrEqualTo(0).isLessThan(1);
      tenths[(int) (values[i] * 10)]++;
    }
    for (int count : tenths) {
      assertThat((double) count / n).isCloseTo(0.1, within(0.0106)); // five standard errors
    }
    assertThat(Arrays.copyOfRange(values, n, 2 * n))
        .containsExactly(new Draws(1, 1, new long[] {4}).uniform("mask", n));
  }
}
