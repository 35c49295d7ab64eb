package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Small files of every kind against what Pillow, tifffile, imagecodecs and OpenCV see in them;
 * {@code reference/pictures.py} writes both.
 */
class PicturesReferenceTest {
  private static final String FOLDER = "/reference/pictures/";

  @TestFactory
  List<DynamicTest> eachFileIsSeenAsOthersSeeItOrRefused() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    JsonNode entries = new ObjectMapper().readTree(bytes("pictures.json"));
    entries
        .fields()
        .forEachRemaining(
            e ->
                tests.add(
                    DynamicTest.dynamicTest(e.getKey(), () -> check(e.getKey(), e.getValue()))));
    assertThat(tests).hasSizeGreaterThan(60);
    return tests;
  }

  /** Whatever stands in a file, it is a picture or it is refused; nothing else comes of it. */
  @Test
  void brokenBytesAreReadOrRefused() throws IOException {
    Random random = new Random(11);
    Map<Boolean, Integer> outcomes = new HashMap<>();
    var files = new ObjectMapper().readTree(bytes("pictures.json")).fieldNames();
    while (files.hasNext()) {
      byte[] whole = bytes(files.next());
      for (int round = 0; round < 12; round++) {
        byte[] broken = round % 2 == 0 ? whole.clone() : cut(whole, random);
        for (int i = 0; i < 3; i++) {
          // Headers and directories stand at either end.
          int near = Math.min(broken.length, 160);
          int at = random.nextInt(near);
          broken[random.nextBoolean() ? at : broken.length - 1 - at] = (byte) random.nextInt();
        }
        outcomes.merge(isRead(broken), 1, Integer::sum);
      }
    }
    assertThat(outcomes).hasSize(2);
  }

  private static byte[] cut(byte[] whole, Random random) {
    return Arrays.copyOf(whole, 1 + random.nextInt(whole.length));
  }

  private static boolean isRead(byte[] bytes) {
    try {
      ImageCodec.decodeRgb(bytes);
      return true;
    } catch (UnreadableImageException e) {
      return false;
    }
  }

  private static void check(String file, JsonNode entry) throws IOException {
    byte[] bytes = bytes(file);
    if (entry.has("reason")) {
      assertThatThrownBy(() -> ImageCodec.decodeRgb(bytes))
          .isInstanceOf(UnreadableImageException.class)
          .hasMessageStartingWith("Unreadable image (" + entry.get("reason").asText() + "): ");
      return;
    }
    RgbImage expected = ImageCodec.decodeRgb(bytes(entry.get("pixels").asText()));
    RgbImage actual = ImageCodec.decodeRgb(bytes);
    assertThat(actual.width()).isEqualTo(expected.width());
    assertThat(actual.height()).isEqualTo(expected.height());
    assertThat(mostDifference(actual, expected))
        .as("largest difference to %s", entry.get("decoder").asText())
        .isLessThanOrEqualTo(entry.get("most").asInt());
    aRegionHasThePixelsOfTheWhole(bytes);
  }

  private static void aRegionHasThePixelsOfTheWhole(byte[] bytes) {
    Container container = Container.of(bytes);
    Tile region = new Tile(3, 2, container.width() - 5, container.height() - 3);
    RgbImage whole = Colours.rgb(Decoder.decode(bytes, container), container);
    RgbImage part = Colours.rgb(Decoder.decode(bytes, container, region), container);
    assertThat(part.rgb()).isEqualTo(region.cut(whole).rgb());
  }

  private static int mostDifference(RgbImage one, RgbImage other) {
    int most = 0;
    for (int i = 0; i < one.rgb().length; i++) {
      most = Math.max(most, Math.abs((one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff)));
    }
    return most;
  }

  private static byte[] bytes(String file) throws IOException {
    try (InputStream in = PicturesReferenceTest.class.getResourceAsStream(FOLDER + file)) {
      return in.readAllBytes();
    }
  }
}
