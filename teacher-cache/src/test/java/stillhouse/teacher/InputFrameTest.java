package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.data.Shrink;
import stillhouse.tensor.FloatTensor;

class InputFrameTest {
  private static final InputConfig LETTER_BOXED = input(InputConfig.Fit.LONGEST_SIDE, 32);

  @Test
  void laysAWideImageOverTheUpperRows() {
    InputFrame frame = InputFrame.of(LETTER_BOXED, 64, 24);

    assertThat(frame.height()).isEqualTo(12);
    assertThat(frame.width()).isEqualTo(32);
    assertThat(frame.scaleX()).isEqualTo(0.5f);
    assertThat(frame.scaleY()).isEqualTo(0.5f);
    assertThat(frame.crop(counting(8, 8)).shape()).containsExactly(2, 3, 8);
    assertThat(frame.margin(counting(8, 8)).shape()).containsExactly(2, 6, 8);
  }

  @Test
  void stretchesOverTheWholeInputWhereNothingIsPadded() {
    InputFrame frame = InputFrame.of(input(InputConfig.Fit.DIRECT, 32), 64, 24);

    assertThat(frame.scaleX()).isEqualTo(0.5f);
    assertThat(frame.scaleY()).isEqualTo(32f / 24);
    assertThat(frame.crop(counting(8, 8)).shape()).containsExactly(2, 8, 8);
  }

  @Property(tries = 200)
  void joinsWhatItCut(
      @ForAll @IntRange(min = 1, max = 90) int width,
      @ForAll @IntRange(min = 1, max = 90) int height,
      @ForAll @IntRange(min = 1, max = 9) int h,
      @ForAll @IntRange(min = 1, max = 9) int w) {
    InputFrame frame = InputFrame.of(LETTER_BOXED, width, height);
    FloatTensor map = counting(h, w);

    FloatTensor joined = frame.join(frame.crop(map), frame.margin(map));

    assertThat(joined.shape()).containsExactly(2, h, w);
    assertThat(joined.data()).isEqualTo(map.data());
  }

  @Test
  void cutsLogitsAtTheImagesBorderEvenWithinACell() {
    // Six of eight columns: whole cells are taken as they are.
    FloatTensor row = new FloatTensor(new int[] {1, 8}, new float[] {0, 1, 2, 3, 4, 5, 6, 7});
    FloatTensor whole = InputFrame.of(input(InputConfig.Fit.LONGEST_SIDE, 8), 6, 8).cut(row);
    assertThat(whole.data()).containsExactly(0, 1, 2, 3, 4, 5);

    // Five of eight input columns over four cells: 2.5 cells become 3, each 2.5 / 3 wide, whose
    // centres lie at 2.5 / 3 · (i + 1/2) − 1/2.
    FloatTensor four = new FloatTensor(new int[] {1, 4}, new float[] {0, 1, 2, 3});
    FloatTensor within = InputFrame.of(input(InputConfig.Fit.LONGEST_SIDE, 8), 5, 8).cut(four);
    assertThat(within.shape()).containsExactly(1, 3);
    assertThat(within.data()[0]).isEqualTo(0f); // −1/12, held at the border
    assertThat(within.data()[1]).isCloseTo(0.75f, within(1e-6f));
    assertThat(within.data()[2]).isCloseTo(19 / 12f, within(1e-6f));
  }

  @Test
  void cutsEachClassOfDenseLogits() {
    FloatTensor two = new FloatTensor(new int[] {2, 1, 4}, new float[] {0, 1, 2, 3, 0, 10, 20, 30});
    FloatTensor cut = InputFrame.of(input(InputConfig.Fit.LONGEST_SIDE, 8), 5, 8).cut(two);
    assertThat(cut.shape()).containsExactly(2, 1, 3);
    assertThat(cut.data()[1]).isCloseTo(0.75f, within(1e-6f));
    assertThat(cut.data()[4]).isCloseTo(7.5f, within(1e-5f));
  }

  private static InputConfig input(InputConfig.Fit fit, int side) {
    return new InputConfig(
        "image",
        side,
        side,
        InputConfig.Layout.NCHW,
        1,
        fit,
        InputConfig.Scale.UNIT,
        List.of(0f, 0f, 0f),
        List.of(1f, 1f, 1f),
        Shrink.BILINEAR);
  }

  private static FloatTensor counting(int h, int w) {
    float[] data = new float[2 * h * w];
    for (int i = 0; i < data.length; i++) {
      data[i] = i;
    }
    return new FloatTensor(new int[] {2, h, w}, data);
  }
}
