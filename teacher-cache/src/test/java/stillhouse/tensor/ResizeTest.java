package stillhouse.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ResizeTest {
  @Test
  void doublesARowWithHalfPixelCentres() {
    FloatTensor out = Resize.bilinear(map(1, 1, 2, 0f, 4f), 1, 4);
    assertThat(out.data()).containsExactly(0f, 1f, 3f, 4f);
  }

  @Test
  void halvesASquareToItsMean() {
    assertThat(Resize.bilinear(map(1, 2, 2, 1f, 2f, 3f, 6f), 1, 1).data()).containsExactly(3f);
    assertThat(Resize.area(map(1, 2, 2, 1f, 2f, 3f, 6f), 1, 1).data()).containsExactly(3f);
  }

  @Test
  void enlargesAColumnByThreeHalves() {
    FloatTensor out = Resize.bilinear(map(1, 2, 1, 0f, 6f), 3, 1);
    assertThat(out.data()[0]).isEqualTo(0f);
    assertThat(out.data()[1]).isCloseTo(3f, within(1e-6f));
    assertThat(out.data()[2]).isEqualTo(6f);
  }

  @Test
  void sharesACellBetweenTwoAreas() {
    FloatTensor out = Resize.area(map(1, 1, 3, 3f, 6f, 9f), 1, 2);
    assertThat(out.data()[0]).isCloseTo((3f + 0.5f * 6f) / 1.5f, within(1e-6f));
    assertThat(out.data()[1]).isCloseTo((0.5f * 6f + 9f) / 1.5f, within(1e-6f));
  }

  @Test
  void keepsChannelsApart() {
    FloatTensor out = Resize.bilinear(map(2, 1, 1, 1f, 7f), 2, 2);
    assertThat(out.data()).containsExactly(1f, 1f, 1f, 1f, 7f, 7f, 7f, 7f);
  }

  @Test
  void refusesAFinerArea() {
    assertThatThrownBy(() -> Resize.area(map(1, 1, 1, 1f), 2, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1×1 to the finer 2×1");
  }

  @Property(tries = 50)
  void areaKeepsTheMeanAndBilinearTheRange(
      @ForAll @IntRange(min = 1, max = 9) int height,
      @ForAll @IntRange(min = 1, max = 9) int width,
      @ForAll long seed) {
    var random = new Random(seed);
    float[] data = new float[9 * 9];
    double mean = 0;
    for (int i = 0; i < data.length; i++) {
      data[i] = random.nextFloat();
      mean += data[i] / data.length;
    }
    var map = new FloatTensor(new int[] {1, 9, 9}, data);
    double areaMean = 0;
    for (float v : Resize.area(map, height, width).data()) {
      areaMean += v / (height * width);
    }
    assertThat(areaMean).isCloseTo(mean, within(1e-5));
    for (float v : Resize.bilinear(map, 2 * height, 3 * width).data()) {
      assertThat(v).isBetween(0f, 1f);
    }
  }

  private static FloatTensor map(int channels, int height, int width, float... data) {
    return new FloatTensor(new int[] {channels, height, width}, data);
  }
}
