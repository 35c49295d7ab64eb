package stillhouse.structure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.FloatTensor;

class StructureTensorTest {
  /** Columns 0, 0, 0, 1, 1, 1: Sobel gives 4 on both sides of the step, so E = 16 there. */
  @Test
  void stepEdgeByHand() {
    float[] data = new float[4 * 6];
    for (int i = 0; i < data.length; i++) {
      data[i] = i % 6 < 3 ? 0 : 1;
    }
    StructureMaps maps = StructureTensor.maps(new FloatTensor(new int[] {1, 4, 6}, data), 1);
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 6; x++) {
        boolean besideStep = x == 2 || x == 3;
        assertThat(maps.e().data()[y * 6 + x]).isEqualTo(besideStep ? 16f : 0f);
        assertThat(maps.c().data()[y * 6 + x]).isEqualTo(0f);
        // One column of three differs: variance 1/3 · 2/3.
        assertThat(maps.d().data()[y * 6 + x]).isCloseTo(besideStep ? 2f / 9 : 0f, within(1e-6f));
      }
    }
  }

  @Test
  void aConstantMapIsExactlyZeroHoweverLarge() {
    float[] data = new float[3 * 5 * 5];
    for (int i = 0; i < data.length; i++) {
      data[i] = 54321.123f * (1 + i / 25);
    }
    StructureMaps maps = StructureTensor.maps(new FloatTensor(new int[] {3, 5, 5}, data), 7);
    assertThat(maps.e().data()).containsOnly(0f);
    assertThat(maps.c().data()).containsOnly(0f);
    assertThat(maps.d().data()).containsOnly(0f);
  }

  @Test
  void refusesWhatItCannotMeasure() {
    var nan = new FloatTensor(new int[] {1, 1, 3}, new float[] {0, 1, Float.NaN});
    assertThatThrownBy(() -> StructureTensor.maps(nan, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("NaN in channel 0, cell 2");
    assertThatThrownBy(() -> StructureTensor.maps(random(1, 2, 2, 0), -1))
        .hasMessage("Invalid radius: -1 (must be >= 0)");
    var flat = new FloatTensor(new int[] {4}, new float[4]);
    assertThatThrownBy(() -> StructureTensor.maps(flat, 1))
        .hasMessage("Invalid features: FloatTensor[4] (must be [C, H, W])");
  }

  /** Values are quarters, so adding whole numbers rounds nothing and equality is exact. */
  @Property(tries = 60)
  void aConstantAddedToEachChannelChangesNothing(
      @ForAll @IntRange(min = 1, max = 8) int height,
      @ForAll @IntRange(min = 1, max = 8) int width,
      @ForAll @IntRange(min = 0, max = 9) int radius,
      @ForAll long seed) {
    FloatTensor features = random(3, height, width, seed);
    float[] moved = features.data().clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += 100 * (1 + i / (height * width));
    }
    StructureMaps before = StructureTensor.maps(features, radius);
    StructureMaps after = StructureTensor.maps(new FloatTensor(features.shape(), moved), radius);
    assertThat(after.e().data()).containsExactly(before.e().data());
    assertThat(after.c().data()).containsExactly(before.c().data());
    assertThat(after.d().data()).containsExactly(before.d().data());
  }

  @Property(tries = 60)
  void transposedFeaturesGiveTransposedMaps(
      @ForAll @IntRange(min = 1, max = 8) int height,
      @ForAll @IntRange(min = 1, max = 8) int width,
      @ForAll @IntRange(min = 0, max = 9) int radius,
      @ForAll long seed) {
    FloatTensor features = random(3, height, width, seed);
    StructureMaps maps = StructureTensor.maps(features, radius);
    StructureMaps turned = StructureTensor.maps(transposed(features), radius);
    close("E", turned.e(), transposed(maps.e()).data());
    close("C", turned.c(), transposed(maps.c()).data());
    close("D", turned.d(), transposed(maps.d()).data());
  }

  @Property(tries = 40)
  void twiceTheFeaturesGiveFourTimesTheMaps(
      @ForAll @IntRange(min = 0, max = 9) int radius, @ForAll long seed) {
    FloatTensor features = random(2, 6, 7, seed);
    float[] doubled = features.data().clone();
    for (int i = 0; i < doubled.length; i++) {
      doubled[i] *= 2;
    }
    StructureMaps once = StructureTensor.maps(features, radius);
    StructureMaps twice = StructureTensor.maps(new FloatTensor(features.shape(), doubled), radius);
    assertThat(twice.e().data()).containsExactly(times4(once.e()));
    assertThat(twice.c().data()).containsExactly(times4(once.c()));
    assertThat(twice.d().data()).containsExactly(times4(once.d()));
  }

  static void close(String what, FloatTensor actual, float[] wanted) {
    float largest = 1e-30f;
    for (float v : wanted) {
      largest = Math.max(largest, v);
    }
    assertThat(actual.data().length).isEqualTo(wanted.length);
    // 1e-6 of the largest: a float's own step; eigenvalues of parallel gradients leave √ε in C.
    float tolerance = Math.max(1e-6f * largest, 2e-7f);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(actual.data()[i]).as("%s at %d", what, i).isCloseTo(wanted[i], within(tolerance));
    }
  }

  private static float[] times4(FloatTensor map) {
    float[] out = map.data().clone();
    for (int i = 0; i < out.length; i++) {
      out[i] *= 4;
    }
    return out;
  }

  /** Of [C, H, W] each channel, of [H, W] the map itself. */
  private static FloatTensor transposed(FloatTensor map) {
    int rank = map.rank();
    int height = map.dim(rank - 2);
    int width = map.dim(rank - 1);
    float[] out = new float[map.data().length];
    for (int i = 0; i < out.length; i++) {
      int cell = i % (height * width);
      out[i - cell + (cell % width) * height + cell / width] = map.data()[i];
    }
    int[] shape = map.shape();
    shape[rank - 2] = width;
    shape[rank - 1] = height;
    return new FloatTensor(shape, out);
  }

  static FloatTensor random(int channels, int height, int width, long seed) {
    var random = new Random(seed);
    float[] data = new float[channels * height * width];
    for (int i = 0; i < data.length; i++) {
      data[i] = (random.nextInt(64) - 32) / 4f;
    }
    return new FloatTensor(new int[] {channels, height, width}, data);
  }
}
