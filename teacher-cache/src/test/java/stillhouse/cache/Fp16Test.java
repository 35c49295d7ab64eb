package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

class Fp16Test {
  @Test
  void encodesKnownValues() {
    assertThat(Fp16.encode(new float[] {1, -2, 65504, 0x1p-24f, 0}))
        .containsExactly(0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x00);
  }

  @Test
  void everyHalfSurvivesTheWayThroughFloat() {
    for (int h = 0; h < 1 << 16; h++) {
      float value = Fp16.decode(new byte[] {(byte) h, (byte) (h >> 8)})[0];
      if (!Float.isNaN(value)) {
        assertThat(Fp16.toHalf(value) & 0xffff).isEqualTo(h);
      }
    }
  }

  @Test
  void breaksTiesToEven() {
    assertThat(Fp16.decode(Fp16.encode(new float[] {1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 65519, 65520})))
        .containsExactly(1, 1 + 2 * 0x1p-10f, 65504, Float.POSITIVE_INFINITY);
  }

  @Property
  void roundsToNearest(@ForAll @FloatRange(min = -60000, max = 60000) float value) {
    int half = Fp16.toHalf(value) & 0xffff;
    float rounded = decode(half);
    assertThat(Math.abs(value - rounded))
        .isLessThanOrEqualTo(Math.abs(value - decode(half + 1)))
        .isLessThanOrEqualTo(Math.abs(value - decode(Math.max(half & 0x8000, half - 1))));
  }

  private static float decode(int half) {
    return Fp16.decode(new byte[] {(byte) half, (byte) (half >> 8)})[0];
  }
}
