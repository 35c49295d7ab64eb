package stillhouse.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class Int8Test {
  @Test
  void eachChannelHasItsOwnStepAndZero() {
    float[] values = {-1f, 0f, 253f, 3f, 3.5f, 130f};
    Int8 stored = Int8.encode(values, 2);
    assertThat(stored.scale()).containsExactly(1f, 0.5f); // (253 + 1) / 254, (130 - 3) / 254
    assertThat(stored.zeroPoint()).containsExactly(-127, -134); // -128 - (-1), -128 - 3 / 0.5
    assertThat(stored.data()).containsExactly(-128, -127, 126, -128, -127, 126);
    assertThat(stored.decode()).containsExactly(values);
  }

  @Test
  void aConstantChannelKeepsItsValueToAFloatsResolution() {
    float[] values = {0f, 0f, -7.3f, -7.3f, 1e-30f, 1e-30f};
    float[] back = Int8.encode(values, 3).decode();
    assertThat(back[0]).isZero();
    assertThat(back[2]).isEqualTo(-7.3f, org.assertj.core.api.Assertions.within(1e-6f));
    assertThat(back[3]).isEqualTo(back[2]);
    assertThat(back[4]).isEqualTo(1e-30f, org.assertj.core.api.Assertions.within(1e-36f));
  }

  @Test
  void aValueThatNoByteCanStandForIsRefused() {
    for (float value : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1.1e38f}) {
      assertThatThrownBy(() -> Int8.encode(new float[] {0f, value}, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "Invalid value for int8: "
                  + value
                  + " at element 1 (must be finite and within ±1e38)");
    }
  }

  @Property
  void noValueMovesByMoreThanHalfAStepAndZeroStays(@ForAll("channels") float[] values) {
    Int8 stored = Int8.encode(values, 1);
    float[] back = stored.decode();
    double step = stored.scale()[0];
    for (int i = 0; i < values.length; i++) {
      double rounding = Math.ulp(values[i]); // of x̂ itself
      assertThat(Math.abs((double) back[i] - values[i]))
          .as("%s of step %s", values[i], step)
          .isLessThanOrEqualTo(step / 2 * (1 + 1e-6) + rounding);
      if (values[i] == 0) {
        assertThat(back[i]).isZero();
      }
    }
  }

  /** Of any size, around any offset. */
  @Provide
  Arbitrary<float[]> channels() {
    Arbitrary<Double> unit = Arbitraries.doubles().between(-1, 1);
    Arbitrary<Double> size = Arbitraries.of(1e-38, 1e-7, 1.0, 300.0, 1e20, 4e37);
    Arbitrary<Double> offset = Arbitraries.of(0.0, 0.0, 1.0, -1e3, 5e6);
    return Combinators.combine(unit.list().ofMinSize(1).ofMaxSize(40), size, offset)
        .as(
            (units, by, centre) -> {
              float[] values = new float[units.size()];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) ((units.get(i) + centre / 1e3 * (by < 1e30 ? 1 : 0)) * by);
              }
              return values;
            });
  }
}
