package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.Resize;

class ShrinkTest {
  /** Eight pixels in a row, the sixth bright: a scratch one pixel wide. */
  private static final RgbImage SCRATCH = gray(8, 0, 0, 0, 0, 0, 240, 0, 0);

  @Test
  void fourPixelsAMeanMayMissAScratchAndTheOthersDoNot() {
    // To one pixel: plain bilinear reads the fourth and the fifth.
    assertThat(red(SCRATCH, 1, Shrink.BILINEAR)).containsExactly(0);
    assertThat(red(SCRATCH, 1, Shrink.AREA)[0]).isCloseTo(240 / 8f, within(1e-4f));
    // A triangle over 16 pixels, of which 8 are there: weights 1 − |x − 4| / 8 add up to 6.
    assertThat(red(SCRATCH, 1, Shrink.ANTIALIAS)[0])
        .isCloseTo(240 * (1 - 1.5f / 8) / 6, within(1e-4f));
    // Cells of 8/3: the second is [8/3, 16/3], a third of the bright pixel in it; the third the
    // rest.
    float[] area = red(SCRATCH, 3, Shrink.AREA);
    assertThat(area[0]).isZero();
    assertThat(area[1]).isCloseTo(240 / 3f / (8 / 3f), within(1e-4f));
    assertThat(area[2]).isCloseTo(240 * 2 / 3f / (8 / 3f), within(1e-4f));
  }

  /** shrink.py, by Pillow and by the definition of an area. */
  @Test
  void givesWhatPillowAndTheDefinitionGive() throws IOException {
    JsonNode cases =
        new ObjectMapper().readTree(getClass().getResourceAsStream("/reference/shrink.json"));
    assertThat(cases).hasSize(5);
    for (JsonNode one : cases) {
      RgbImage image = drawn(one.get("width").asInt(), one.get("height").asInt());
      int width = one.get("to_width").asInt();
      int height = one.get("to_height").asInt();
      assertFigures(one.get("antialias"), image, height, width, Shrink.ANTIALIAS);
      assertFigures(one.get("area"), image, height, width, Shrink.AREA);
    }
  }

  private static void assertFigures(
      JsonNode figures, RgbImage image, int height, int width, Shrink shrink) {
    float[] planes = Images.levels(image, height, width, shrink).data();
    int step = Math.max(1, planes.length / 24);
    for (int i = 0; i < figures.size(); i++) {
      assertThat((double) planes[i * step])
          .as("%s of %d×%d, figure %d", shrink, image.width(), image.height(), i)
          .isCloseTo(figures.get(i).asDouble(), within(2e-3));
    }
  }

  @Property(tries = 200)
  void bilinearIsWhatItIsOfTheImagesOwnPlanesToTheBit(
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll @IntRange(min = 1, max = 40) int toWidth,
      @ForAll @IntRange(min = 1, max = 40) int toHeight,
      @ForAll long seed) {
    RgbImage image = noise(width, height, seed);
    assertThat(Images.levels(image, toHeight, toWidth, Shrink.BILINEAR).data())
        .isEqualTo(Resize.bilinear(Images.levels(image), toHeight, toWidth).data());
    assertThat(Images.planes(image, toHeight, toWidth).data())
        .isEqualTo(Resize.bilinear(Images.planes(image), toHeight, toWidth).data());
  }

  @Property(tries = 100)
  void enlargingIsBilinearAndAnAreaKeepsTheMean(
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll @IntRange(min = 1, max = 20) int height,
      @ForAll @IntRange(min = 0, max = 20) int more,
      @ForAll long seed) {
    RgbImage image = noise(width, height, seed);
    float[] plain = Images.levels(image, height + more, width + more, Shrink.BILINEAR).data();
    for (Shrink shrink : Shrink.values()) {
      assertThat(Images.levels(image, height + more, width + more, shrink).data()).isEqualTo(plain);
    }
    int less = Math.max(1, height - more);
    float[] area = Images.levels(image, less, Math.max(1, width - more), Shrink.AREA).data();
    assertThat(mean(area)).isCloseTo(mean(Images.levels(image).data()), within(1e-2));
  }

  @Test
  void aLargeImageIsNowhereHeldAsFloats() {
    RgbImage image = new RgbImage(2048, 1024, new byte[3 * 2048 * 1024]);
    long output = 3L * 64 * 128 * Float.BYTES;
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (Shrink shrink : Shrink.values()) {
      Images.levels(image, 64, 128, shrink);
      long before = threads.getCurrentThreadAllocatedBytes();
      Images.levels(image, 64, 128, shrink);
      long taken = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(taken).as("%s: its floats would be 25 million", shrink).isLessThan(2 * output);
    }
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static float[] red(RgbImage image, int width, Shrink shrink) {
    return java.util.Arrays.copyOf(Images.levels(image, 1, width, shrink).data(), width);
  }

  private static RgbImage gray(int width, int... levels) {
    byte[] rgb = new byte[3 * width];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) levels[i / 3];
    }
    return new RgbImage(width, 1, rgb);
  }

  private static RgbImage noise(int width, int height, long seed) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    return new RgbImage(width, height, rgb);
  }

  private static RgbImage drawn(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (37 * i + 11 * (i / 7));
    }
    return new RgbImage(width, height, rgb);
  }
}
