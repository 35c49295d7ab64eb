package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.data.RgbImage;

class SaliencyTest {
  @Test
  void findsASquareInItsMiddleAndNothingOnAPlainImage() {
    byte[] rgb = new byte[3 * 60 * 40];
    Arrays.fill(rgb, (byte) 90);
    assertThat(Saliency.of(new RgbImage(60, 40, rgb)).peaks(8)).isEmpty();
    square(rgb, 60, 40, 12, 5, (byte) 130);

    List<Saliency.Peak> peaks = Saliency.of(new RgbImage(60, 40, rgb)).peaks(8);

    // Five pixels wide, as the centre of r = 2: there it differs from all around by its 40 levels.
    assertThat(peaks.get(0)).isEqualTo(new Saliency.Peak(42.5f, 14.5f, 40));
    assertThat(peaks).hasSize(1);
  }

  @Test
  void findsAColourOfEqualBrightness() {
    byte[] rgb = new byte[3 * 32 * 32];
    Arrays.fill(rgb, (byte) 100);
    for (int y = 10; y < 15; y++) {
      for (int x = 10; x < 15; x++) {
        rgb[3 * (y * 32 + x)] = (byte) 130;
        rgb[3 * (y * 32 + x) + 1] = 70;
      }
    }
    assertThat(Saliency.of(new RgbImage(32, 32, rgb)).peaks(1))
        .containsExactly(new Saliency.Peak(12.5f, 12.5f, 30));
  }

  @Test
  void placesPeaksOfALargeImageInItsOwnPixels() {
    byte[] rgb = new byte[3 * 1024 * 512];
    square(rgb, 1024, 704, 172, 40, (byte) 200);

    Saliency saliency = Saliency.of(new RgbImage(1024, 512, rgb));

    assertThat(saliency.width()).isEqualTo(256);
    assertThat(saliency.height()).isEqualTo(128);
    Saliency.Peak peak = saliency.peaks(1).get(0);
    assertThat(peak.x()).isBetween(704f, 744f);
    assertThat(peak.y()).isBetween(172f, 212f);
    assertThat(Saliency.of(new RgbImage(1, 1, new byte[3])).peaks(4)).isEmpty();
  }

  @Property(tries = 60)
  void mirroredPicturesHaveMirroredMapsAndBrighterOnesTheSame(
      @ForAll @IntRange(min = 1, max = 48) int width,
      @ForAll @IntRange(min = 1, max = 48) int height,
      @ForAll long seed) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    byte[] mirrored = new byte[rgb.length];
    byte[] brighter = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) ((rgb[i] & 0xff) / 2);
      brighter[i] = (byte) (rgb[i] + 100);
      int pixel = i / 3;
      int x = width - 1 - pixel % width;
      mirrored[3 * (pixel / width * width + x) + i % 3] = rgb[i];
    }

    Saliency plain = Saliency.of(new RgbImage(width, height, rgb));
    Saliency mirror = Saliency.of(new RgbImage(width, height, mirrored));
    Saliency bright = Saliency.of(new RgbImage(width, height, brighter));

    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        assertThat(mirror.at(width - 1 - x, y)).isCloseTo(plain.at(x, y), within(1e-9));
        assertThat(bright.at(x, y)).isCloseTo(plain.at(x, y), within(1e-9));
      }
    }
  }

  /** The figures are NumPy's: {@code reference/saliency.py}. */
  @Test
  void isWhatPlainNumPySays() throws IOException {
    JsonNode figures =
        new ObjectMapper().readTree(SaliencyTest.class.getResource("/reference/saliency.json"));
    Saliency saliency = Saliency.of(drawn());

    assertThat(saliency.width()).isEqualTo(figures.get("width").asInt());
    assertThat(saliency.height()).isEqualTo(figures.get("height").asInt());
    for (JsonNode value : figures.get("values")) {
      assertThat(saliency.at(value.get(0).asInt(), value.get(1).asInt()))
          .isCloseTo(value.get(2).asDouble(), within(1e-9));
    }
    List<Saliency.Peak> peaks = saliency.peaks(8);
    assertThat(peaks).hasSize(figures.get("peaks").size());
    for (int i = 0; i < peaks.size(); i++) {
      JsonNode expected = figures.get("peaks").get(i);
      assertThat((double) peaks.get(i).x()).isCloseTo(expected.get(0).asDouble(), within(1e-4));
      assertThat((double) peaks.get(i).y()).isCloseTo(expected.get(1).asDouble(), within(1e-4));
      assertThat(peaks.get(i).strength()).isCloseTo(expected.get(2).asDouble(), within(1e-9));
    }
  }

  /** 400×300: a slope with a ripple, a bright bar, a dark disc and a red one. */
  private static RgbImage drawn() {
    byte[] rgb = new byte[3 * 400 * 300];
    for (int y = 0; y < 300; y++) {
      for (int x = 0; x < 400; x++) {
        int level = 80 + x / 10 + (x * 7 + y * 13) % 11;
        boolean bar = x >= 60 && x < 140 && y >= 50 && y < 62;
        boolean dark = (x - 300) * (x - 300) + (y - 80) * (y - 80) <= 20 * 20;
        boolean red = (x - 200) * (x - 200) + (y - 220) * (y - 220) <= 30 * 30;
        int gray = level + (bar ? 60 : 0) - (dark ? 50 : 0);
        int at = 3 * (y * 400 + x);
        rgb[at] = (byte) (gray + (red ? 70 : 0));
        rgb[at + 1] = (byte) gray;
        rgb[at + 2] = (byte) gray;
      }
    }
    return new RgbImage(400, 300, rgb);
  }

  private static void square(byte[] rgb, int width, int left, int top, int side, byte level) {
    for (int y = top; y < top + side; y++) {
      Arrays.fill(rgb, 3 * (y * width + left), 3 * (y * width + left + side), level);
    }
  }
}
