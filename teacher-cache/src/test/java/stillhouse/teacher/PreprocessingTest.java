package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.data.RgbImage;
import stillhouse.data.Shrink;

class PreprocessingTest {
  @Test
  void bringsLevelsToTheAskedRangeBeforeMeanAndDeviation() {
    assertThat(put(InputConfig.Scale.BYTE, 10, 20, 30)).containsExactly(4f, 9f, 14f);
    assertThat(put(InputConfig.Scale.UNIT, 0, 255, 255)).containsExactly(-1f, -0.5f, -0.5f);
  }

  @Test
  void stretchesEachImageOverItsOwnRange() {
    // (level − 50) / 100, then (x − 2) / 2.
    assertThat(put(InputConfig.Scale.MIN_MAX, 50, 100, 150)).containsExactly(-1f, -0.75f, -0.5f);
    assertThat(put(InputConfig.Scale.MIN_MAX, 77, 77, 77)).containsExactly(-1f, -1f, -1f);
  }

  @Test
  void padsPlanesWithZerosAndGivesPixelsOfTheImageAlone() {
    // Two pixels side by side, over the upper two rows of 4×4; x = (level − 2) / 2.
    RgbImage wide = new RgbImage(4, 2, new byte[24]);
    for (int i = 0; i < 24; i++) {
      wide.rgb()[i] = (byte) (2 * i);
    }
    float[] planes = put(input(InputConfig.Layout.NCHW, InputConfig.Scale.BYTE, 4), wide, 48);
    assertThat(planes).startsWith(-1, 2, 5, 8, 11, 14, 17, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3);

    InputConfig own = input(InputConfig.Layout.HWC, InputConfig.Scale.BYTE, 4);
    assertThat(new Preprocessing(own).shape(InputFrame.of(own, 4, 2))).containsExactly(2, 4, 3);
    assertThat(put(own, wide, 24)).startsWith(-1, 0, 1, 2, 3).endsWith(20, 21, 22);
  }

  private static float[] put(InputConfig.Scale scale, int red, int green, int blue) {
    byte[] rgb = {(byte) red, (byte) green, (byte) blue};
    return put(input(InputConfig.Layout.NCHW, scale, 1), new RgbImage(1, 1, rgb), 3);
  }

  private static float[] put(InputConfig input, RgbImage image, int size) {
    FloatBuffer buffer = FloatBuffer.allocate(3 * input.height() * input.width());
    new Preprocessing(input).put(image, buffer);
    assertThat(buffer.position()).isEqualTo(size);
    return Arrays.copyOf(buffer.array(), size);
  }

  private static InputConfig input(InputConfig.Layout layout, InputConfig.Scale scale, int side) {
    return new InputConfig(
        "image",
        side,
        side,
        layout,
        1,
        InputConfig.Fit.LONGEST_SIDE,
        scale,
        List.of(2f, 2f, 2f),
        List.of(2f, 2f, 2f),
        Shrink.BILINEAR);
  }
}
