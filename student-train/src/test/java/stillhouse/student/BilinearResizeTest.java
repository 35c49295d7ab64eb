package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

class BilinearResizeTest {
  @Test
  void doublesARowAsWorkedByHand() {
    // Centres 0 and 1 hold 0 and 4; outputs read positions −¼, ¼, ¾, 1¼, clamped to 0 … 1.
    try (NDManager manager = Fixtures.manager()) {
      var row = manager.create(new float[] {0, 4}, new Shape(1, 1, 1, 2));
      assertThat(BilinearResize.by(2, 1, 2).forward(row, false).toFloatArray())
          .containsExactly(0, 1, 3, 4, 0, 1, 3, 4);
    }
  }

  @Test
  void refusesACoarserGrid() {
    assertThatThrownBy(() -> new BilinearResize(8, 8, 8, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Invalid resize: 8×8 to the coarser 8×4 (use a strided convolution)");
  }

  /** From 2 cells on: a side of 1 makes the engine choose a layout that toFloatArray reads raw. */
  @Property(tries = 50)
  void agreesWithTheCachesResizeOnFinerGrids(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 9) int inHeight,
      @ForAll @IntRange(min = 2, max = 9) int inWidth,
      @ForAll @IntRange(min = 0, max = 12) int taller,
      @ForAll @IntRange(min = 0, max = 12) int wider) {
    int height = inHeight + taller;
    int width = inWidth + wider;
    Random random = new Random(seed);
    float[] values = new float[2 * inHeight * inWidth];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    FloatTensor map = new FloatTensor(new int[] {2, inHeight, inWidth}, values);
    float[] expected = Resize.bilinear(map, height, width).data();
    try (NDManager manager = Fixtures.manager()) {
      var x = manager.create(values, new Shape(1, 2, inHeight, inWidth));
      var layer = new BilinearResize(inHeight, inWidth, height, width);
      float[] actual = layer.forward(x, false).toFloatArray();
      assertThat(actual).hasSameSizeAs(expected);
      for (int i = 0; i < actual.length; i++) {
        assertThat(actual[i]).isCloseTo(expected[i], within(1e-5f));
      }
    }
  }
}
