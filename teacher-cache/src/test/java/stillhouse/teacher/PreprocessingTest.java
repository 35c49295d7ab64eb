package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.data.RgbImage;

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

  private static float[] put(InputConfig.Scale scale, int red, int green, int blue) {
    InputConfig input =
        new InputConfig(
            "image",
            1,
            1,
            1,
            InputConfig.Fit.DIRECT,
            scale,
            List.of(2f, 2f, 2f),
            List.of(2f, 2f, 2f));
    FloatBuffer buffer = FloatBuffer.allocate(3);
    byte[] rgb = {(byte) red, (byte) green, (byte) blue};
    new Preprocessing(input).put(new RgbImage(1, 1, rgb), buffer);
    return buffer.array();
  }
}
