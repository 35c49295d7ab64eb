package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

class UncertaintyTest {
  private static final RgbImage GRAY = new RgbImage(4, 1, new byte[12]);
  private static final ClassMask NOTHING = new ClassMask(4, 1, new byte[4]);

  private static double read(Uncertainty by, float... logits) {
    return by.of(new FloatTensor(new int[] {1, 1, logits.length}, logits), NOTHING, GRAY);
  }

  @Test
  void entropyIsABitWhereEitherIsAsLikely() {
    assertThat(read(Uncertainty.ENTROPY, 0, 0)).isCloseTo(1, within(1e-9));
    assertThat(read(Uncertainty.ENTROPY, 30, -30)).isCloseTo(0, within(1e-9));
  }

  /** p is 3/4 inside and 1/4 outside, n is 2: (0.75 + 0.002) / (1 + 0.25 + 0.002). */
  @Test
  void softnessIsWhatTheMaskLosesAgainstItsOwnProbabilities() {
    float log3 = (float) Math.log(3);
    assertThat(read(Uncertainty.SOFTNESS, log3, -log3)).isCloseTo(1 - 0.752 / 1.252, within(1e-6));
    assertThat(read(Uncertainty.SOFTNESS, 30, -30)).isCloseTo(0, within(1e-6));
  }

  @Test
  void anImageWithoutAMaskIsUnsureByWhatItNearlySaysAlone() {
    assertThat(read(Uncertainty.SOFTNESS, -12, -12, -12, -12)).isLessThan(0.01);
    assertThat(read(Uncertainty.SOFTNESS, -12, -12, -1, -12)).isGreaterThan(0.9);
  }

  @Test
  void theLargestClassSpeaksForAPosition() {
    var logits = new FloatTensor(new int[] {2, 1, 1}, new float[] {-30, 0});
    assertThat(Uncertainty.ENTROPY.of(logits, NOTHING, GRAY)).isCloseTo(1, within(1e-9));
    assertThat(Uncertainty.SOFTNESS.of(logits, NOTHING, GRAY)).isGreaterThan(0.9);
  }

  @Test
  void saliencyIsWhatStandsOutAndHasNoMask() {
    int side = 64;
    byte[] rgb = new byte[3 * side * side];
    byte[] square = new byte[side * side];
    for (int y = 24; y < 40; y++) {
      for (int x = 24; x < 40; x++) {
        Arrays.fill(rgb, 3 * (y * side + x), 3 * (y * side + x) + 3, (byte) 255);
        square[y * side + x] = 1;
      }
    }
    var image = new RgbImage(side, side, rgb);
    byte[] everything = new byte[side * side];
    Arrays.fill(everything, (byte) 1);
    assertThat(salient(image, new byte[side * side])).isEqualTo(1);
    assertThat(salient(image, everything)).isZero();
    assertThat(salient(image, square)).isBetween(0.05, 0.8);
    assertThat(salient(new RgbImage(side, side, new byte[3 * side * side]), square)).isZero();
  }

  private static double salient(RgbImage image, byte[] mask) {
    var logits = new FloatTensor(new int[] {1, 1, 1}, new float[] {0});
    return Uncertainty.SALIENCY.of(logits, new ClassMask(64, 64, mask), image);
  }

  @Test
  void aReadingIsFoundByItsWord() {
    assertThat(Uncertainty.words()).containsExactly("entropy", "softness", "saliency");
    assertThat(Uncertainty.of("saliency")).contains(Uncertainty.SALIENCY);
    assertThat(Uncertainty.of("luck")).isEmpty();
  }
}
