package stillhouse.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

class HalfTest {
  @Test
  void everyHalfSurvivesTheWayThroughFloat() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Half.toFloat((short) bits);
      if (Float.isNaN(value)) {
        assertThat(Half.toFloat(Half.fromFloat(value))).isNaN();
      } else {
        assertThat(Half.fromFloat(value) & 0xffff).isEqualTo(bits);
      }
    }
  }

  @Test
  void readsKnownPatterns() {
    assertThat(Half.toFloat((short) 0x3c00)).isEqualTo(1f);
    assertThat(Half.toFloat((short) 0xc000)).isEqualTo(-2f);
    assertThat(Half.toFloat((short) 0x7bff)).isEqualTo(65504f);
    assertThat(Half.toFloat((short) 0x0001)).isEqualTo(0x1p-24f);
    assertThat(Half.toFloat((short) 0x03ff)).isEqualTo(1023 * 0x1p-24f);
    assertThat(Half.toFloat((short) 0x0400)).isEqualTo(0x1p-14f);
    assertThat(Half.toFloat((short) 0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(Float.floatToRawIntBits(Half.toFloat((short) 0x8000))).isEqualTo(0x80000000);
  }

  @Test
  void roundsHalfToEven() {
    assertThat(Half.fromFloat(2049f)).isEqualTo(Half.fromFloat(2048f));
    assertThat(Half.fromFloat(2051f)).isEqualTo(Half.fromFloat(2052f));
    assertThat(Half.fromFloat(0x1p-25f)).isEqualTo((short) 0);
    assertThat(Half.fromFloat(0x1.8p-24f)).isEqualTo((short) 2);
    assertThat(Half.fromFloat(0x1.000002p-25f)).isEqualTo((short) 1);
    assertThat(Half.fromFloat(65519.996f)).isEqualTo((short) 0x7bff);
    assertThat(Half.fromFloat(65520f)).isEqualTo((short) 0x7c00);
    assertThat(Half.fromFloat(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xfc00);
  }

  @Property
  void noOtherHalfIsNearer(@ForAll @FloatRange(min = -65504f, max = 65504f) float value) {
    short half = Half.fromFloat(value);
    double error = Math.abs((double) Half.toFloat(half) - value);
    for (int step : new int[] {-1, 1}) {
      float neighbour = Half.toFloat((short) (half + step));
      if (Float.isFinite(neighbour)) {
        assertThat(error).isLessThanOrEqualTo(Math.abs((double) neighbour - value));
      }
    }
  }

  @Test
  void encodesLowByteFirst() {
    assertThat(Half.encode(new float[] {1, -2, 65504, 0x1p-24f, 0}))
        .containsExactly(0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x00);
  }

  @Test
  void decodesEveryHalfToItsFloat() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      byte[] bytes = {(byte) bits, (byte) (bits >> 8)};
      assertThat(Float.floatToRawIntBits(Half.decode(bytes)[0]))
          .isEqualTo(Float.floatToRawIntBits(Half.toFloat((short) bits)));
    }
  }

  @Test
  void decodesIntoTheMiddleOfAnArray() {
    float[] out = {7, 7, 7, 7};
    Half.decode(Half.encode(new float[] {0.5f, -3}), out, 1);
    assertThat(out).containsExactly(7, 0.5f, -3, 7);
  }

  @Test
  void breaksTiesToEven() {
    assertThat(Half.decode(Half.encode(new float[] {1 + 0x1p-11f, 1 + 3 * 0x1p-11f})))
        .containsExactly(1, 1 + 2 * 0x1p-10f);
    assertThat(Half.toFloat(Half.fromFloat(65519))).isEqualTo(65504);
    assertThat(Half.toFloat(Half.fromFloat(65520))).isEqualTo(Float.POSITIVE_INFINITY);
  }

  @Test
  void refusesWhatIsBeyondItsRange() {
    assertThatThrownBy(() -> Half.encode(new float[] {1f, -70000f}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-70000.0 at element 1")
        .hasMessageContaining("within ±65504");
    assertThatThrownBy(() -> Half.encode(new float[] {Float.POSITIVE_INFINITY}))
        .hasMessageContaining("Infinity at element 0");
  }
}
