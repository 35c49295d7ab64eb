package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

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

  @Property(tries = 200)
  void equalsTheArgmaxOfTheUpsampledPlanes(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height) {
    Random random = new Random(seed);
    int classes = 1 + random.nextInt(4);
    int[] shape = {classes, 1 + random.nextInt(12), 1 + random.nextInt(12)};
    float[] data = new float[shape[0] * shape[1] * shape[2]];
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) random.nextGaussian();
    }
    var logits = new FloatTensor(shape, data);
    float[] planes = Resize.bilinear(logits, height, width).data();
    ClassMask mask = Masks.fromLogits(logits, width, height);
    for (int i = 0; i < width * height; i++) {
      int best = 0;
      float largest = 0;
      for (int c = 0; c < classes; c++) {
        float logit = planes[c * width * height + i];
        if (logit > largest) {
          largest = logit;
          best = c + 1;
        }
      }
      assertThat(mask.classes()[i]).isEqualTo((byte) best);
    }
  }

  @Test
  void refusesLogitsThatAreNotNumbers() {
    var broken = new FloatTensor(new int[] {1, 1, 3}, new float[] {1, Float.NaN, 1});
    assertThatThrownBy(() -> Masks.fromLogits(broken, 3, 1))
        .hasMessageContaining("FloatTensor[1, 1, 3] holds NaN at 1");
    var flat = new FloatTensor(new int[] {1, 3}, new float[3]);
    assertThatThrownBy(() -> Masks.fromLogits(flat, 3, 1))
        .hasMessageContaining("FloatTensor[1, 3] (must be [K, h, w]");
  }
}
