package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import stillhouse.tensor.FloatTensor;

class MasksTest {
  @Test
  void aPixelIsTheClassOfItsLargestLogitWhereThatIsPositive() {
    var logits =
        new FloatTensor(new int[] {2, 1, 5}, new float[] {1, -1, 0, 2, 3, 2, -2, 0, 2, -9});
    // Positive and larger; none positive; zero is not positive; a tie takes the lower class.
    assertThat(Masks.fromLogits(logits, 5, 1).classes()).containsExactly(2, 0, 0, 1, 1);
  }

  @Test
  void upsamplesBeforeItCompares() {
    var logits = new FloatTensor(new int[] {1, 1, 2}, new float[] {-1, 3});
    // Half-pixel centres: -1, 0, 2, 3.
    assertThat(Masks.fromLogits(logits, 4, 1).classes()).containsExactly(0, 0, 1, 1);
  }

  @Test
  void refusesLogitsThatAreNotNumbers() {
    var broken = new FloatTensor(new int[] {1, 1, 3}, new float[] {1, Float.NaN, 1});
    assertThatThrownBy(() -> Masks.fromLogits(broken, 3, 1))
        .hasMessageContaining("FloatTensor[1, 1, 3] holds NaN at 1");
    for (float infinite : new float[] {Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY}) {
      var overflown = new FloatTensor(new int[] {1, 1, 3}, new float[] {infinite, infinite, 1});
      assertThatThrownBy(() -> Masks.fromLogits(overflown, 6, 2))
          .hasMessageContaining("holds " + infinite + " at 0 (must be finite");
    }
    var flat = new FloatTensor(new int[] {1, 3}, new float[3]);
    assertThatThrownBy(() -> Masks.fromLogits(flat, 3, 1))
        .hasMessageContaining("FloatTensor[1, 3] (must be [K, h, w]");
  }
}
